#!lua flags=allow-oom
-- Pauses a sender for a time or without an end; stops it as WhatsApp says; makes it active again, closes its circuit, and ends its reduced rate and
-- the hold of its lane `bulk`; or lets the next probe of a stopped sender or an open circuit go at once.
--
-- Keys:
--   sender        hash    rules and state
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   drain-lease   string  the drain run of this sender
--
-- Arguments:
--   now     µs    empty for Redis's clock
--   state   word  paused, stopped (unless it is paused), active, or probe: the next probe of a stopped sender or an open circuit is now
--   forMs   ms    how long to pause, or until the first probe of a stopped sender; empty without an end, or for an hour
--   reason  text  who paused it, and why; WhatsApp's name of the restriction
--
-- Returns:
--   done  before, wakeHint, circuit, hadHold?   the state before: active, paused or stopped; of the circuit: closed, open or half-open; whether the
-- lane `bulk` was on hold, which resuming ends
--- @include clock
--- @include ready
--- @include resume
--- @include stop_until
--- @include wake_hint

local now = clock()
local state = redis.call('HMGET', key.sender, 'status', 'circuit', 'rules')
local before, circuit = state[1] or 'active', state[2] or 'closed'
local phase, had_hold = string.match(circuit, '^%S+'), false
if arg.state == 'probe' then
  if before == 'stopped' then redis.call('HSET', key.sender, 'until', now) end
  if phase == 'open' then redis.call('HSET', key.sender, 'circuit', (string.gsub(circuit, '%d+', int(now), 1))) end
  if before ~= 'stopped' and phase ~= 'open' then return { 'done', before, '', phase } end
elseif arg.state == 'active' then
  if before ~= 'active' or phase ~= 'closed' then resume_sender(now) end
  redis.call('HDEL', key.sender, 'circuit')
  if state[3] and #state[3] > 48 then
    --- @include sender
    --- @include adaptive_rate
    remove_reduced(read_sender())
  end
  had_hold = redis.call('HEXISTS', key.sender, 'bulkHold') == 1
  if had_hold then
    --- @include limits
    -- It begins again only after statuses have come.
    redis.call('HDEL', key.sender, 'bulkHold')
    redis.call('HSET', key.sender, 'statusesSeen', '0')
    set_limit('bulk', false)
  end
elseif arg.state == 'stopped' then
  if before == 'paused' then return { 'done', before, '', phase } end
  stop_until(arg.reason, arg.forMs, now)
  return { 'done', before, '', phase }
else
  clear_block()
  redis.call('HSET', key.sender, 'status', 'paused', 'reason', arg.reason)
  if arg.forMs then redis.call('HSET', key.sender, 'until', now + arg.forMs * 1000) end
  return { 'done', before, '', phase }
end
return { 'done', before, wake_hint(earliest_ready(now), now), phase, had_hold and 1 or nil }
