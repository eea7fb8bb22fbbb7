--- @include numbers
-- A probe is one message that is sent while its sender is stopped or its circuit is open. Writes.

-- Writes when the next probe is due, once one is granted, and returns that, µs. Of an open circuit that is the end of the probe's lease: there
-- is one probe at a time, its settlement sets the time again, and if its node dies the lease ends.
local function begin_probe(sender, block, now, lease_end)
  if block == 'outage' then
    sender.circuit = string.gsub(sender.circuit, '%d+', int(lease_end), 1)
    redis.call('HSET', key.sender, 'circuit', sender.circuit)
    return lease_end
  end
  local at = now + tonumber(redis.call('HGET', key.sender, 'probeIntervalUs') or 60000000)
  redis.call('HSET', key.sender, 'until', at)
  return at
end
