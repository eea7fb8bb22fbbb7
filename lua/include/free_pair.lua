--- @include ready
--- @include queue
--- @include pair_tat
--- @include record
-- Gives free pairs their ready time. The truth is in queue, pair-tat and grants; `ready` is an index made from them. Writes.

-- Gives a free pair the ready time of its foremost message, which became the head at `since`, and removes any other. Where `left` (a lane
-- and a member) is what has just left the queue from behind the head, the head keeps its time. Returns the ready time, nil for none.
local function free_pair(sender, recipient, since, left_lane, left)
  local former
  for lane = 1, LANES do
    local score = redis.call('ZSCORE', key.ready[lane], recipient)
    if score then
      former = former or tonumber(score)
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

-- Takes a message out of its queue. Where that frees its pair's head, returns the pair's new ready time.
local function leave_queue(sender, record, id, is_pair_granted, now)
  local member = member_of(record, id)
  if redis.call('ZREM', key.queue[record.lane], member) == 0 or is_pair_granted then return nil end
  return free_pair(sender, record.recipient, now, record.lane, member)
end
