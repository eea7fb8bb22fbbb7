#!lua
-- Keeps a status that no message is known for yet: its own answer may still be on its way. It is looked at again later.
--
-- KEYS[1]   parked         zset  status -> ms of the next look
-- KEYS[2]   parked-bodies  hash  status -> ms of its arrival, and what it says as JSON
--
-- ARGV[1]   now      µs     '' for Redis's clock
-- ARGV[2]   name     text   of the status: the same one told twice has the same name
-- ARGV[3]   status   JSON   what it says, one line
-- ARGV[4]   waitMs   ms     until the next look
-- ARGV[5]   cap      count  of parked statuses at most
--
-- Returns:
--   {'parked', moment of the next look in ms}
--   {'known'}   it is parked already
--   {'full'}    nothing was kept
--- @include clock
local parked, bodies = KEYS[1], KEYS[2]
local given, name, status, wait, cap = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])

if redis.call('ZSCORE', parked, name) then return { 'known' } end
if redis.call('ZCARD', parked) >= cap then return { 'full' } end
local now_ms = math.floor(clock(given) / 1000)
redis.call('HSET', bodies, name, int(now_ms) .. ' ' .. status)
redis.call('ZADD', parked, now_ms + wait, name)
return { 'parked', now_ms + wait }
