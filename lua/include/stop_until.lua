--- @include resume
-- Stops a sender, as WhatsApp says, until the first probe. Writes.

-- From probe to probe, once a restriction should be over.
local HOUR_MS = 3600000

local function stop_until(reason, for_ms, now)
  clear_block()
  redis.call('HSET', key.sender, 'status', 'stopped', 'reason', reason, 'until', now + (for_ms or HOUR_MS) * 1000, 'since', now,
    'probeIntervalUs', HOUR_MS * 1000)
end
