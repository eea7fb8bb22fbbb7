#!lua
-- Parks a status that matches no message yet: the response with its message id may not have arrived. It is matched again later.
--
-- Keys:
--   parked         zset  status -> ms of the next attempt to match it
--   parked-bodies  hash  status -> ms of its arrival, and its content as JSON
--
-- Arguments:
--   now     µs     empty for Redis's clock
--   name    text   of the status: the same status has the same name each time
--   status  JSON   its content, one line
--   waitMs  ms     until the next attempt
--   cap     count  of parked statuses at most
--
-- Returns:
--   parked  nextMs
--   known   -       it is parked already
--   full    -       nothing was kept
--- @include clock

if redis.call('ZSCORE', key.parked, arg.name) then return { 'known' } end
if redis.call('ZCARD', key.parked) >= arg.cap then return { 'full' } end
local now_ms = math.floor(clock() / 1000)
redis.call('HSET', key.parked_bodies, arg.name, int(now_ms) .. ' ' .. arg.status)
redis.call('ZADD', key.parked, now_ms + arg.waitMs, arg.name)
return { 'parked', now_ms + arg.waitMs }
