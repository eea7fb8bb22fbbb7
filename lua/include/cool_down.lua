--- @include gcra
--- @include numbers
--- @include sender_tat
-- Applies a cool-down to the pair or the sender rate, opts a recipient out, or stops the sender. Writes.

-- `bucket` is pair, sender-rate or marketing; any other changes nothing. `note` (JSON) is kept with an opt-out. Returns the pair's TAT,
-- which the caller writes.
local function cool_down(sender, bucket, recipient, tat, cool_us, note, now)
  if bucket == 'pair' then return cooled(tat, now + cool_us, sender.pair_rate) end
  if bucket == 'sender-rate' then
    local sender_tat, slots = read_sender_tat()
    write_sender_tat(cooled(sender_tat, now + cool_us, sender.sender_rate), slots)
  elseif bucket == 'marketing' then
    redis.call('HSETNX', key.opt_outs, recipient, int(math.floor(now / 1000)) .. ' ' .. note)
  end
  return tat
end

-- Whether a failed attempt says that the sender does not work now: not if it is blocked already, nor if it was resumed after the attempt. `at`:
-- when that was granted, or at the latest when it was settled, µs.
local function proves_stop(sender, at, now)
  return not blocked(sender, now) and at >= tonumber(redis.call('HGET', key.sender, 'resumedAt') or 0)
end

-- Stops the sender. Every `probe_us` one message is sent as a probe.
local function stop_sender(sender, code, probe_us, now)
  sender.status, sender.resumes_at = 'stopped', now + probe_us
  redis.call('HSET', key.sender, 'status', 'stopped', 'reason', code, 'until', sender.resumes_at, 'since', now, 'probeIntervalUs', probe_us)
end
