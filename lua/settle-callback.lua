#!lua flags=allow-oom
-- Writes how the delivery of a leased event ended. A delivered event is removed, and the next event of its subject is leased at once. An event
-- that was not delivered is due again later, or becomes a dead letter where it is too old.
--
-- Keys:
--   callbacks          hash  subject -> tries and events
--   callbacks-due      zset  subject without a failed try -> ms
--   callbacks-retries  zset  subject with a failed try -> ms
--   callbacks-since    zset  subject -> ms of its first event
--   callbacks-dead     list  dead letters: events that were given up, newest first
--
-- Arguments:
--   now        µs     empty for Redis's clock
--   subject    text   whose event it is
--   leaseEnd   ms     token: of the lease under which it was sent
--   delivered  flag   the receiver accepted it
--   afterMs    ms     until the next try
--   giveUpMs   ms     an event older than this is not tried again
--   leaseMs    ms     for how long the next event is leased
--   cap        count  of dead letters kept
--   keepMs     ms     for how long they are kept
--
-- Returns:
--   delivered        leaseEndMs, event   the next event and the end of its lease; 0 and '' for none
--   dead-lettered    leaseEndMs, event   the same
--   retry-scheduled  atMs
--   stale            -                   the lease ran out, and another node may have delivered it
--- @include clock
--- @include callback

local subject = arg.subject
if tonumber(redis.call('ZSCORE', key.callbacks_due, subject) or 0) ~= arg.leaseEnd then return { 'stale' } end
local now_ms = math.floor(clock() / 1000)
local tries, event, rest = first_event(subject, redis.call('HGET', key.callbacks, subject))
if not tries then return { 'stale' } end
-- A damaged event has no moment.
local is_given_up = not arg.delivered and now_ms + arg.afterMs - (moment_of(event) or 0) > arg.giveUpMs
if not arg.delivered and not is_given_up then
  redis.call('HSET', key.callbacks, subject, int(tries + 1) .. '\n' .. event .. (rest ~= '' and '\n' .. rest or ''))
  redis.call('ZREM', key.callbacks_due, subject)
  redis.call('ZADD', key.callbacks_retries, now_ms + arg.afterMs, subject)
  return { 'retry-scheduled', now_ms + arg.afterMs }
end
if is_given_up then
  redis.call('LPUSH', key.callbacks_dead, subject .. ' ' .. event)
  redis.call('LTRIM', key.callbacks_dead, 0, arg.cap - 1)
  redis.call('PEXPIRE', key.callbacks_dead, int(arg.keepMs))
end
local status = arg.delivered and 'delivered' or 'dead-lettered'
if rest == '' then
  redis.call('HDEL', key.callbacks, subject)
  redis.call('ZREM', key.callbacks_due, subject)
  redis.call('ZREM', key.callbacks_since, subject)
  return { status, 0, '' }
end
local _, following = first_event(subject, '0\n' .. rest)
redis.call('HSET', key.callbacks, subject, '0\n' .. rest)
redis.call('ZADD', key.callbacks_due, now_ms + arg.leaseMs, subject)
redis.call('ZADD', key.callbacks_since, moment_of(following) or now_ms, subject)
return { status, now_ms + arg.leaseMs, following }
