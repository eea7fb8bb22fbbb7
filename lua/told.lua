#!lua flags=allow-oom
-- What came of telling an event that was lent out. Told, it leaves, and the next event of its subject is lent out at once. Not
-- told, it is due again later, or given up where it is too old.
--
-- KEYS[1]   callbacks        hash  subject -> tries and events
-- KEYS[2]   callbacks-due    zset  subject -> ms
-- KEYS[3]   callbacks-since  zset  subject -> ms of its first event
-- KEYS[4]   callbacks-dead   list  events that were given up, the newest first
--
-- ARGV[1]   now       µs     '' for Redis's clock
-- ARGV[2]   subject   text   whose event it is
-- ARGV[3]   leaseEnd  ms     token: of the lease under which it was told
-- ARGV[4]   told      0/1    whether it was taken
-- ARGV[5]   afterMs   ms     until the next try
-- ARGV[6]   giveUpMs  ms     that an event may be old to be tried again
-- ARGV[7]   leaseMs   ms     for how long the next event is lent out
-- ARGV[8]   cap       count  of events given up that are kept
-- ARGV[9]   keepMs    ms     for how long they are kept
--
-- Returns:
--   {'told' or 'dropped', end of the next event's lease in ms or 0, next event or ''}
--   {'later', when in ms}
--   {'stale'}  the lease ran out, and somebody else may have told it
--- @include clock
--- @include callback
local callbacks, due, since, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local given, subject, token, told, after = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1', tonumber(ARGV[5])
local give_up, lease, cap, keep = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]

if tonumber(redis.call('ZSCORE', due, subject) or 0) ~= token then return { 'stale' } end
local now_ms = math.floor(clock(given) / 1000)
local tries, event, rest = first_event(subject, redis.call('HGET', callbacks, subject))
local is_given_up = not told and now_ms + after - moment_of(event) > give_up
if not told and not is_given_up then
  redis.call('HSET', callbacks, subject, int(tries + 1) .. '\n' .. event .. (rest ~= '' and '\n' .. rest or ''))
  redis.call('ZADD', due, now_ms + after, subject)
  return { 'later', now_ms + after }
end
if is_given_up then
  redis.call('LPUSH', dead, subject .. ' ' .. event)
  redis.call('LTRIM', dead, 0, cap - 1)
  redis.call('PEXPIRE', dead, keep)
end
local verdict = told and 'told' or 'dropped'
if rest == '' then
  redis.call('HDEL', callbacks, subject)
  redis.call('ZREM', due, subject)
  redis.call('ZREM', since, subject)
  return { verdict, 0, '' }
end
local _, following = first_event(subject, '0\n' .. rest)
redis.call('HSET', callbacks, subject, '0\n' .. rest)
redis.call('ZADD', due, now_ms + lease, subject)
redis.call('ZADD', since, moment_of(following), subject)
return { verdict, now_ms + lease, following }
