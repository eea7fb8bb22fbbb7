--- @include gcra
--- @include numbers
-- Raises the pair's TAT by the start of an attempt (µs, nil for none) and its cool-down, and changes a reduced sender rate; `message` as in
-- settle.lua. Writes.

-- The TAT with the start in place of the grant, which may be earlier. If other rules or a cool-down came in between, what they made of the grant's
-- TAT rises by the time from grant to start: before a shorter interval that time counts by the longer one.
local function started_tat(sender, lease, started, former_tat)
  local before, rate = lease.tat_before, sender.pair_rate
  local granted, tat = advance(before, lease.granted_at, rate), advance(before, started, rate)
  return former_tat > granted and former_tat + tat - granted or tat
end

-- Returns the new TAT. A granted slot is not refunded, and a TAT only rises.
local function raise_tat(sender, message, lease, started, former_tat, now)
  local tat, bucket = former_tat, message.bucket
  if started then tat = math.max(tat, started_tat(sender, lease, started, former_tat)) end
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
