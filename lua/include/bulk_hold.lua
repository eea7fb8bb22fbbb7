--- @include numbers
-- The hold of the lane `bulk`, while WhatsApp accepts messages and reports no status of most of them. The field `bulkHold` of :sender has `<since>
-- <probe> <until> <percent>`. That is since when and until when at most, ms; when the next message of the lane may be sent as a probe, µs; and the
-- percent without a status. With it `limits` has the word `bulk`. watch-statuses.lua begins and ends it. Writes.

-- Twice as many probes as watch-statuses.lua needs to decide.
local BULK_PROBE_US = 10000000

-- `at`: when the next probe may go; `take` is called once one is chosen, and writes when the one after it may go. nil for no hold.
local function read_bulk_probe()
  local since, at, rest = string.match(redis.call('HGET', key.sender, 'bulkHold') or '', '^(%d+) (%d+) (.+)$')
  if not since then return nil end
  local probe = { at = tonumber(at) }
  function probe.take(now)
    probe.at = now + BULK_PROBE_US
    redis.call('HSET', key.sender, 'bulkHold', since .. ' ' .. int(probe.at) .. ' ' .. rest)
  end
  return probe
end
