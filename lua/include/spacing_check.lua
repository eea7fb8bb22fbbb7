--- @include numbers
-- Checks the spacing of a pair independently of the limiter: from the starts of messages and the rule, without TATs. With one message per
-- interval and a burst of b, b + n starts take at least n intervals.

-- Tolerance for network jitter, µs. WhatsApp cannot observe a smaller difference.
local TOLERANCE = 50000

-- Adds a start (µs) to the pair's run of starts, stored as `<version of the rules> <first start, µs> <starts>`. A new run begins with other rules,
-- after a violation, after a step back of the clock, and once the run is as slow as the rule. Reads only. Returns the run to store, its TTL in ms,
-- and for a start that came too early how long the run took and should have taken, µs.
local function check_spacing(stored, sender, start)
  local interval, took, least, version, first, count = sender.pair_rate.interval, nil, nil, nil, nil, nil
  if stored then
    version, first, count = string.match(stored, '^(%d+) (%d+) (%d+)$')
    version, first, count = tonumber(version), tonumber(first), tonumber(count)
  end
  if version == sender.version then
    took, least = start - first, (count - sender.pair_rate.burst + 1) * interval
    -- The clock was set back since: how long the run took is not known.
    if took < 0 or took >= least - TOLERANCE then took, least = nil, nil end
  end
  if version ~= sender.version or took or start < first or start >= first + count * interval - TOLERANCE then first, count = start, 0 end
  local life = math.ceil((first + (count + 1) * interval - start) / 1000)
  return sender.version .. ' ' .. int(first) .. ' ' .. count + 1, life, took, least
end
