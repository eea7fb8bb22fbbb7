--- @include cool_down
--- @include resume
-- What an attempt means for a stopped sender. Writes.

-- A probe that says nothing about the sender costs no whole interval, which may be an hour: the next one comes a second after one that was never
-- sent, and a minute after one that was rejected for its own sake, rate limited or without a response.
local function probe_again(sender, lease, started_us, now)
  local since, interval = unpack(redis.call('HMGET', key.sender, 'since', 'probeIntervalUs'))
  if lease.granted_at <= tonumber(since or 0) then return end
  local at = now + (started_us and math.min(60000000, tonumber(interval or 60000000)) or 1000000)
  if at >= (sender.resumes_at or math.huge) then return end
  sender.resumes_at = at
  redis.call('HSET', key.sender, 'until', at)
end

-- Stops the sender (`stops`), resumes it after a success, or brings its next probe forward; returns whether it was resumed.
local function stop_or_resume(sender, message, lease, stops, now)
  -- An operator's pause stays: a stopped sender would be probed, and resumed without the operator.
  if stops or (message.bucket == 'sender' and sender.status == 'stopped') then
    stop_sender(sender, message.code, (message.coolMs or 0) * 1000, now)
  elseif message.settlement == 'sent' and sender.status == 'stopped' and
    (not lease or lease.granted_at > tonumber(redis.call('HGET', key.sender, 'since') or 0)) then
    -- Only a grant after the stop proves that the sender works; attempts in flight at the stop do not.
    resume_sender(now)
    sender.status = 'active'
    return true
  elseif lease and sender.status == 'stopped' and message.settlement ~= 'sent' then
    probe_again(sender, lease, message.startedUs, now)
  end
  return false
end
