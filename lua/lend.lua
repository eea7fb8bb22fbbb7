#!lua flags=allow-oom
-- Lends out what is due to be told, one event a subject, for as long as a lease: events of one subject are told one after the
-- other. First takes what is in the outbox to the subjects that it is about.
--
-- KEYS[1]   outbox           list  changes that somebody is to be told of
-- KEYS[2]   callbacks        hash  subject -> tries and events
-- KEYS[3]   callbacks-due    zset  subject -> ms
-- KEYS[4]   callbacks-since  zset  subject -> ms of its first event
--
-- ARGV[1]   now      µs     '' for Redis's clock
-- ARGV[2]   limit    count  of subjects lent out at most
-- ARGV[3]   leaseMs  ms     for how long
-- ARGV[4]   take     count  of changes taken out of the outbox at most
-- ARGV[5]   cap      count  of subjects that may wait; what comes on top is dropped
--
-- Returns:
--   {present moment in ms, next moment at which something is due or 0, changes left in the outbox, dropped,
--     {{subject, end of the lease in ms, tries, event}, ...}}
--- @include clock
--- @include callback
local outbox, callbacks, due, since = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local given, limit, lease, take, cap = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local now_ms = math.floor(clock(given) / 1000)
local items, dropped = redis.call('LRANGE', outbox, 0, take - 1), 0
local waiting = redis.call('HLEN', callbacks)
for _, item in ipairs(items) do
  local subject, event = string.match(item, '^(%S+) (.*)$')
  local text = redis.call('HGET', callbacks, subject)
  if text then
    -- The same thing relayed twice is one.
    if not is_relayed(subject) then redis.call('HSET', callbacks, subject, text .. '\n' .. event) end
  elseif waiting >= cap then
    dropped = dropped + 1
  else
    waiting = waiting + 1
    redis.call('HSET', callbacks, subject, '0\n' .. event)
    redis.call('ZADD', due, now_ms, subject)
    redis.call('ZADD', since, moment_of(event), subject)
  end
end
if #items > 0 then redis.call('LTRIM', outbox, #items, -1) end

local lent = {}
for _, subject in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now_ms, 'LIMIT', 0, limit)) do
  local tries, event = first_event(subject, redis.call('HGET', callbacks, subject))
  redis.call('ZADD', due, now_ms + lease, subject)
  lent[#lent + 1] = { subject, now_ms + lease, tries, event }
end
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
return { now_ms, first[1] and tonumber(first[2]) or 0, redis.call('LLEN', outbox), dropped, lent }
