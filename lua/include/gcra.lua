-- The generic cell rate algorithm in whole µs. A rate is { interval, burst }. A TAT is the theoretical arrival time.

-- The earliest time at which the bucket admits a message.
local function earliest(tat, rate)
  return tat - (rate.burst - 1) * rate.interval
end

-- The TAT after a message was admitted at `moment`.
local function advance(tat, moment, rate)
  return math.max(tat, moment) + rate.interval
end

-- How many messages the bucket admits at `now`.
local function allowed(tat, now, rate)
  return math.max(0, math.floor((now - math.max(tat, now)) / rate.interval) + rate.burst)
end

-- How long a message waits for a bucket after `ahead` others. A lower bound: it may wait longer.
local function wait_for(tat, now, ahead, rate)
  return math.max(0, math.max(tat, now) - now + (ahead - rate.burst + 1) * rate.interval)
end

-- The TAT that admits nothing until `moment`.
local function cooled(tat, moment, rate)
  return math.max(tat, moment + (rate.burst - 1) * rate.interval)
end
