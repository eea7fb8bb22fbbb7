#!lua flags=allow-oom
-- Leases callbacks that are due, one event of a subject at a time, so that events of one subject are delivered in order. First moves what is
-- in the outbox to its subjects.
--
-- Keys:
--   outbox           list  changes that callbacks are due for
--   callbacks        hash  subject -> tries and events
--   callbacks-due    zset  subject -> ms
--   callbacks-since  zset  subject -> ms of its first event
--
-- Arguments:
--   now      µs     empty for Redis's clock
--   limit    count  of subjects leased at most
--   leaseMs  ms     for how long
--   take     count  of changes taken out of the outbox at most
--   cap      count  of subjects with undelivered events; events of further ones are dropped
--
-- Returns:
--   leased       nowMs, nextMs, left, dropped, callbacks[]
--   callbacks[]  subject, leaseEndMs, tries, event
-- nextMs: when something is due next, or 0. left: changes that are still in the outbox.
--- @include clock
--- @include callback

local now_ms = math.floor(clock() / 1000)
local items, dropped = redis.call('LRANGE', key.outbox, 0, arg.take - 1), 0
local waiting = redis.call('HLEN', key.callbacks)
for _, item in ipairs(items) do
  local subject, event = string.match(item, '^(%S+) (%d.*)$')
  local text = subject and redis.call('HGET', key.callbacks, subject)
  if not subject then
    dropped = dropped + 1
  elseif text then
    -- The same webhook is relayed once.
    if not is_relayed(subject) then redis.call('HSET', key.callbacks, subject, text .. '\n' .. event) end
  elseif waiting >= arg.cap then
    dropped = dropped + 1
  else
    waiting = waiting + 1
    redis.call('HSET', key.callbacks, subject, '0\n' .. event)
    redis.call('ZADD', key.callbacks_due, now_ms, subject)
    redis.call('ZADD', key.callbacks_since, moment_of(event), subject)
  end
end
if #items > 0 then redis.call('LTRIM', key.outbox, #items, -1) end

local leased = {}
for _, subject in ipairs(redis.call('ZRANGEBYSCORE', key.callbacks_due, '-inf', now_ms, 'LIMIT', 0, arg.limit)) do
  local tries, event = first_event(subject, redis.call('HGET', key.callbacks, subject))
  if tries then
    redis.call('ZADD', key.callbacks_due, now_ms + arg.leaseMs, subject)
    leased[#leased + 1] = { subject, now_ms + arg.leaseMs, tries, event }
  else
    redis.call('ZREM', key.callbacks_due, subject)
    redis.call('ZREM', key.callbacks_since, subject)
  end
end
local first = redis.call('ZRANGE', key.callbacks_due, 0, 0, 'WITHSCORES')
return { 'leased', now_ms, first[1] and tonumber(first[2]) or 0, redis.call('LLEN', key.outbox), dropped, leased }
