-- The generic cell rate algorithm in whole µs. A quota is { interval, burst }; a TAT is the theoretical arrival time.

-- The first moment at which the bucket lets a message pass.
local function earliest(tat, quota)
  return tat - (quota.burst - 1) * quota.interval
end

-- The TAT after a message passed at `moment`.
local function advance(tat, moment, quota)
  return math.max(tat, moment) + quota.interval
end

-- How many messages the bucket lets pass at `now`.
local function passing(tat, now, quota)
  return math.max(0, math.floor((now - math.max(tat, now)) / quota.interval) + quota.burst)
end

-- How long a newcomer waits for a bucket when `ahead` others pass before it. Never more than the truth.
local function wait_for(tat, now, ahead, quota)
  return math.max(0, math.max(tat, now) - now + (ahead - quota.burst + 1) * quota.interval)
end

-- The TAT that keeps the bucket shut until `moment`.
local function cooled(tat, moment, quota)
  return math.max(tat, moment + (quota.burst - 1) * quota.interval)
end
