-- The generic cell rate algorithm in whole µs. A rate is { interval, burst }. A TAT is the theoretical arrival time.

-- The first moment at which the bucket lets a message pass.
local function earliest(tat, rate)
  return tat - (rate.burst - 1) * rate.interval
end

-- The TAT after a message passed at `moment`.
local function advance(tat, moment, rate)
  return math.max(tat, moment) + rate.interval
end

-- How many messages the bucket lets pass at `now`.
local function allowed(tat, now, rate)
  return math.max(0, math.floor((now - math.max(tat, now)) / rate.interval) + rate.burst)
end

-- How long a new message waits for a bucket when `ahead` others pass before it. Never more than it really waits.
local function wait_for(tat, now, ahead, rate)
  return math.max(0, math.max(tat, now) - now + (ahead - rate.burst + 1) * rate.interval)
end

-- The TAT that lets nothing pass until `moment`.
local function cooled(tat, moment, rate)
  return math.max(tat, moment + (rate.burst - 1) * rate.interval)
end
