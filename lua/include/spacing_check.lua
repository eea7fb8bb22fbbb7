--- @include numbers
-- The check of a pair's spacing. It is independent of the limiter: it knows when messages started and what the rule says, and nothing of
-- TATs. By a rule of one message per interval, b of them at once, b + n starts take n intervals at least.

-- What the promise allows for the network, µs. A shorter difference cannot be seen at WhatsApp.
local TOLERANCE = 50000

-- Adds a start (µs; nil: none) to the pair's run of starts, kept as `<version of the rules> <first start, µs> <starts>`. A run ends where it
-- proves nothing any more: other rules, a violation, or all of it at the rule's own rate. Reads only. Returns what to keep, for how many ms,
-- and of a start that came too early how long the run took and had to take, µs.
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
