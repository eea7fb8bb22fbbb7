#!lua flags=allow-oom
-- Pauses a sender for a time or without an end, makes it active again, or probes a stopped one at once.
--
-- Keys:
--   sender        hash    rules and state
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   drain-lease   string  the drain run of this sender
--
-- Arguments:
--   now     µs    empty for Redis's clock
--   state   word  paused, active, or probe: a stopped sender's next probe is now, any other sender stays as it is
--   forMs   ms    how long to pause; empty without an end
--   reason  text  who paused it, one word
--
-- Returns:
--   done  before, wakeHint   the state before: active, paused or stopped
--- @include clock
--- @include ready
--- @include wake_hint

local now = clock()
local before = redis.call('HGET', key.sender, 'status') or 'active'
if arg.state == 'probe' then
  if before ~= 'stopped' then return { 'done', before, '' } end
  redis.call('HSET', key.sender, 'until', now)
else
  redis.call('HDEL', key.sender, 'status', 'until', 'reason', 'since', 'probeIntervalUs')
  -- A failure of an attempt from before says nothing of the sender as it is now.
  if arg.state == 'active' and before ~= 'active' then redis.call('HSET', key.sender, 'resumedAt', now) end
end
if arg.state == 'paused' then
  redis.call('HSET', key.sender, 'status', 'paused', 'reason', arg.reason)
  if arg.forMs then redis.call('HSET', key.sender, 'until', now + arg.forMs * 1000) end
  return { 'done', before, '' }
end
return { 'done', before, wake_hint(earliest_ready(), now) }
