--- @include gcra
--- @include numbers
-- Raises the pair's TAT by the start of an attempt (µs, nil for none) and its cool-down, and changes a reduced sender rate; `message` as in
-- settle.lua. Writes.

-- Returns the new TAT. The start counts, and not the grant, which may be earlier. A granted slot is not refunded, and a TAT only rises.
local function raise_tat(sender, message, lease, started, former_tat, now)
  local tat, bucket = former_tat, message.bucket
  if started then tat = math.max(tat, advance(lease.tat_before, started, sender.pair_rate)) end
  if sender.is_reduced and lease and message.settlement == 'sent' then
    --- @include adaptive_rate
    count_accepted(sender, lease.granted_at, now)
  end
  if bucket ~= '' then
    --- @include cool_down
    local cool_us = (message.coolMs or 0) * 1000
    -- No connection could be made: a dead endpoint is not called at full rate while the circuit is closed.
    if bucket == 'outage' and message.settlement == 'wait' then bucket, cool_us = 'sender-rate', 1000000 end
    tat = cool_down(sender, bucket, message.recipient, tat, cool_us, message.code, now, lease and lease.granted_at or now)
  end
  if tat > former_tat then redis.call('ZADD', key.pair_tat, int(tat), message.recipient) end
  return tat
end
