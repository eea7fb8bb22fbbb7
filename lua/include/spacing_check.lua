--- @include numbers
-- Checks the spacing of a pair independently of the limiter: from the starts of messages and the rule, without TATs. With one message per
-- interval and a burst of b, b + n starts take at least n intervals.

-- Tolerance for network jitter, µs. WhatsApp cannot observe a smaller difference.
local TOLERANCE = 50000

-- Adds a start (µs; nil: none) to the pair's run of starts, kept as `<version of the rules> <first start, µs> <starts>`. A new run
-- begins with other rules, after a violation, and once the run is as slow as the rule. Reads only. Returns the run to store, its TTL in ms, and
-- for a start that came too early how long the run took and should have taken, µs.
local function check_spacing(kept, sender, start)
  if not start then return nil, nil, {} end
  local version, first, count = string.match(kept or '', '^(%d+) (%d+) (%d+)$')
  local interval, early = sender.pair_rate.interval, {}
  first, count = tonumber(first), tonumber(count)
  if version == sender.version then
    local took, least = start - first, (count - sender.pair_rate.burst + 1) * interval
    if took < least - TOLERANCE then early = { took, least } end
  end
  if version ~= sender.version or #early > 0 or start >= first + count * interval - TOLERANCE then first, count = start, 0 end
  local life = math.ceil((first + (count + 1) * interval - start) / 1000)
  return table.concat({ sender.version, int(first), int(count + 1) }, ' '), life, early
end
