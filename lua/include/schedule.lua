--- @include numbers
-- Messages in the schedule: their records, and their members of `scheduled`. Reads only, but for `enter_schedule`.

-- A zero before the number says that a message has not joined its queue yet: claim.lua writes its record without it.
local function mark_scheduled(text)
  return (string.gsub(text, '^(%S+ %d)', '%10', 1))
end

-- The member of a message in `scheduled`. Redis orders equal scores by member: the number makes that the order of acceptance.
local function scheduled_member_of(record, id)
  return string.format('%012d:%s', record.seq, id)
end

-- Enters a new message; returns the text of its record. Writes.
local function enter_schedule(record, id, text, scheduled_ms)
  redis.call('ZADD', key.scheduled, int(scheduled_ms), scheduled_member_of(record, id))
  return mark_scheduled(text)
end

local function is_marked_scheduled(text)
  return string.find(text, '^%S+ %d0') ~= nil
end
