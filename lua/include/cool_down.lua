--- @include gcra
--- @include numbers
--- @include sender_tat
--- @include adaptive_rate
-- Applies a cool-down to the pair or the sender rate, reduces the latter, opts a recipient out, or stops the sender. Writes.

-- `bucket` is pair, sender-rate, throughput or marketing; any other changes nothing. `source` (JSON) is written with an opt-out. `granted_at`: of
-- the attempt, as far as it is known. Returns the pair's TAT, which the caller writes.
local function cool_down(sender, bucket, recipient, tat, cool_us, source, now, granted_at)
  if bucket == 'pair' then return cooled(tat, now + cool_us, sender.pair_rate) end
  if bucket == 'throughput' then cool_us = reduce_rate(sender, granted_at, cool_us, now) end
  if bucket == 'sender-rate' or bucket == 'throughput' then
    local sender_tat, slots = read_sender_tat()
    -- By the full rate, also while the circuit is half-open: its stages have smaller bursts, and would let messages go early once they are over.
    write_sender_tat(cooled(sender_tat, now + cool_us, sender.full_rate or sender.sender_rate), slots)
  elseif bucket == 'marketing' then
    redis.call('HSETNX', key.opt_outs, recipient, int(math.floor(now / 1000)) .. ' ' .. source)
  end
  return tat
end

-- Whether a failed attempt says that the sender does not work now. Not if it is blocked already: probes, and attempts in flight at the stop, do not
-- count. Nor if it was resumed after the attempt. `at`: when that was granted, or at the latest when it was settled, µs.
local function proves_stop(sender, at, now)
  local block = blocked(sender, now)
  return (not block or block == 'outage') and at >= tonumber(redis.call('HGET', key.sender, 'resumedAt') or 0)
end

-- Stops the sender. Every `probe_us` one message is sent as a probe. A restriction whose end is known stays.
local function stop_sender(sender, code, probe_us, now)
  local reason = sender.status == 'stopped' and sender.resumes_at > now + probe_us and redis.call('HGET', key.sender, 'reason')
  if reason and string.match(reason, '^%u') then return end
  sender.status, sender.resumes_at = 'stopped', now + probe_us
  redis.call('HSET', key.sender, 'status', 'stopped', 'reason', code, 'until', sender.resumes_at, 'since', now, 'probeIntervalUs', probe_us)
end
