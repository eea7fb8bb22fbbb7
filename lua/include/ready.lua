--- @include lanes
-- Ready times: when the head of a free pair may be sent, in µs, one sorted set per lane. Reads only.

-- The earliest ready time of a lane, or nil.
local function first_ready(lane)
  local first = redis.call('ZRANGE', key.ready[lane], 0, 0, 'WITHSCORES')
  return first[1] and tonumber(first[2])
end

-- The earliest ready time of all lanes; math.huge for none.
local function earliest_ready()
  local earliest_at = math.huge
  for lane = 1, LANES do earliest_at = math.min(earliest_at, first_ready(lane) or math.huge) end
  return earliest_at
end

-- The lane in which a pair has its ready time, and that time; nil where it has none.
local function ready_of(recipient)
  for lane = 1, LANES do
    local score = redis.call('ZSCORE', key.ready[lane], recipient)
    if score then return lane, tonumber(score) end
  end
end
