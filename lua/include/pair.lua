--- @include gcra
--- @include numbers
--- @include ready
-- What is stored of the pair of a message that admit.lua or retry.lua grants or queues.

-- A pair's TAT, whether it has a grant, and else the lane in which it has a ready time, nil for none. Reads only.
local function read_pair(recipient)
  local tat = tonumber(redis.call('ZSCORE', key.pair_tat, recipient) or 0)
  if redis.call('HEXISTS', key.grants, recipient) == 1 then return tat, true end
  return tat, false, (ready_of(recipient, 0))
end

-- Writes the ready time of a pair whose queue a message has joined, and returns it; nil if the pair has a grant or waits in a higher lane.
-- `record`: of the message. Writes.
local function enqueue(sender, recipient, lane, tat, is_granted, ready_lane, now, record)
  if is_granted or (ready_lane and ready_lane <= lane) then return nil end
  if ready_lane then redis.call('ZREM', key.ready[ready_lane], recipient) end
  local ready_at = math.max(now, earliest(tat, sender.pair_rate))
  local score = ready_at
  if sender.limits and ready_at <= now then
    --- @include shares
    score = score_in_share(sender, lane, share_of(record.caller, record.template), ready_at)
  end
  redis.call('ZADD', key.ready[lane], int(score), recipient)
  return ready_at
end
