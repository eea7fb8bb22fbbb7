--- @include free_pair
--- @include schedule
--- @include hold
-- Removes a message that is not in flight from where it waits. Writes.

-- Returns the ready time of its pair if the pair is free and the message was in its queue, else nil.
local function leave_places(sender, record, id, is_pair_granted, now)
  redis.call('ZREM', key.scheduled, scheduled_member_of(record, id))
  leave_suspended(record, id, sender.limits)
  redis.call('ZREM', key.failures, id)
  redis.call('ZREM', key.retries, id)
  return leave_queue(sender, record, id, is_pair_granted, now)
end
