--- @include ready
--- @include queue
--- @include pair_tat
--- @include record
-- Writes the ready times of free pairs. Queue, pair-tat and grants are the truth; `ready` is an index of them. Writes.

-- Writes the ready time of a free pair, whose head is the head since `since`, and removes any other. `left_lane` and `left`: a member that was
-- just removed from the queue; if it was behind the head, the head keeps its ready time. Returns the ready time, nil for none.
local function free_pair(sender, recipient, since, left_lane, left)
  local former
  for lane = 1, LANES do
    local score = redis.call('ZSCORE', key.ready[lane], recipient)
    if score then
      former = former or ready_at_of(tonumber(score), since)
      redis.call('ZREM', key.ready[lane], recipient)
    end
  end
  local lane, ready_at, member = next_ready(key.queue, recipient, pair_tat_of(recipient), sender.pair_rate, since)
  if not lane then return nil end
  local is_same_head = left and (lane < left_lane or (lane == left_lane and member < left))
  if is_same_head and former then ready_at = former end
  redis.call('ZADD', key.ready[lane], ready_at, recipient)
  return ready_at
end

-- Removes a message from its queue. Returns the ready time of its pair if the pair is free, else nil.
local function leave_queue(sender, record, id, is_pair_granted, now)
  local lane, member = record.lane, member_of(record, id)
  -- Lane 0: its content is no longer stored, and it waits in no queue.
  if lane < 1 or lane > LANES or redis.call('ZREM', key.queue[lane], member) == 0 or is_pair_granted then return nil end
  return free_pair(sender, record.recipient, now, lane, member)
end
