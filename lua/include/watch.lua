-- The watch on a pair's spacing. It stands apart from the limiter: it knows when messages started and what the rule says, and
-- nothing of TATs. By a rule of one message per interval, b of them at once, b + n starts take n intervals at least. Needs: clock.

-- What the promise allows for the network, µs; a shorter difference nobody could tell at WhatsApp.
local TOLERANCE = 50000

-- Takes a start (µs; nil: none) into the pair's run of starts, kept as `<version of the rules> <first start, µs> <starts>`. A run ends
-- where it can't tell anything any more: other rules, a violation, or all of it at the rule's own rate. Answers what to keep,
-- for how many ms, and of a start that came too early how long the run took and had to take, µs.
local function watch(kept, sender, start)
  if not start then return nil, nil, {} end
  local version, first, count = string.match(kept or '', '^(%d+) (%d+) (%d+)$')
  local interval, early = sender.pair.interval, {}
  first, count = tonumber(first), tonumber(count)
  if version == sender.version then
    local took, least = start - first, (count - sender.pair.burst + 1) * interval
    if took < least - TOLERANCE then early = { took, least } end
  end
  if version ~= sender.version or #early > 0 or start >= first + count * interval - TOLERANCE then first, count = start, 0 end
  local life = math.ceil((first + (count + 1) * interval - start) / 1000)
  return table.concat({ sender.version, int(first), int(count + 1) }, ' '), life, early
end
