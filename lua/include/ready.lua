--- @include lanes
-- Ready times: when the head of a free pair may be sent, in µs, one sorted set per lane. Reads only.

-- The ready time of a score. A negative one is that of a pair that has been ready for less than half a year (include/shares.lua).
local function ready_at_of(score, now)
  if score >= 0 then return score end
  local latest = now + 2 ^ 44
  return latest - (latest - score % 2 ^ 45) % 2 ^ 45
end

-- The earliest ready time of a lane, or nil.
local function first_ready(lane, now)
  local first = redis.call('ZRANGE', key.ready[lane], 0, 0, 'WITHSCORES')
  return first[1] and ready_at_of(tonumber(first[2]), now)
end

-- The earliest ready time of all lanes; math.huge for none. `bulk_at`: until when the lane `bulk` is on hold, or nil.
local function earliest_ready(now, bulk_at)
  local earliest_at = math.huge
  for lane = 1, LANES do
    local first_at = first_ready(lane, now) or math.huge
    earliest_at = math.min(earliest_at, math.max(first_at, lane == LANES and bulk_at or 0))
  end
  return earliest_at
end

-- The lane in which a pair has its ready time, and that time; nil where it has none.
local function ready_of(recipient, now)
  for lane = 1, LANES do
    local score = redis.call('ZSCORE', key.ready[lane], recipient)
    if score then return lane, ready_at_of(tonumber(score), now) end
  end
end
