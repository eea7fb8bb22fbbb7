#!lua flags=allow-oom
-- Repairs callbacks or a parked status that contradict their due times, if they still do.
--
-- Keys:
--   callbacks          hash  subject -> tries and events
--   callbacks-due      zset  subject without a failed try -> ms; of a leased one, the end of the lease
--   callbacks-retries  zset  subject with a failed try -> ms
--   callbacks-since    zset  subject -> ms of its first event
--   parked             zset  status -> ms of the next attempt to match it
--   parked-bodies      hash  status -> ms of its arrival, and its content as JSON
--
-- Arguments:
--   now    µs    empty for Redis's clock
--   name   text  subject of callbacks, or a parked status
--   kind  word  a name of include/diagnose_body.lua
--
-- Returns:
--   repaired  -
--   gone      -     the contradiction is no longer there
--   left      why   it cannot be repaired safely
--- @include clock
--- @include callback
--- @include diagnose_body

local name, kind = arg.name, arg.kind
if not diagnose_body(name)[kind] then return { 'gone' } end
local now_ms = math.floor(clock() / 1000)
if kind == 'callback_without_due' then
  local is_readable, _, event = pcall(first_event, name, redis.call('HGET', key.callbacks, name))
  local moment = is_readable and event and moment_of(event)
  if not moment then return { 'left', 'its events cannot be read: report it' } end
  if not redis.call('ZSCORE', key.callbacks_retries, name) then redis.call('ZADD', key.callbacks_due, 'NX', now_ms, name) end
  redis.call('ZADD', key.callbacks_since, 'NX', moment, name)
elseif kind == 'due_without_callback' then
  for _, zset in ipairs({ key.callbacks_due, key.callbacks_retries, key.callbacks_since }) do redis.call('ZREM', zset, name) end
elseif kind == 'callback_due_twice' then
  -- The other entry may be a lease.
  redis.call('ZREM', key.callbacks_retries, name)
elseif kind == 'status_without_due' then
  redis.call('ZADD', key.parked, now_ms, name)
else
  redis.call('ZREM', key.parked, name)
end
return { 'repaired' }
