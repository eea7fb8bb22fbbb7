#!lua
-- Parks a status that matches no message yet: the response with its message id may not have arrived. It is matched again later. Above the cap
-- the status with the latest next attempt is dropped. It was tried most often, so it most likely belongs to a message of another system.
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
--   parked  nextMs, dropped   dropped: the status that was dropped; empty for none
--   known   -                 it is parked already
--- @include clock

if redis.call('ZSCORE', key.parked, arg.name) then return { 'known' } end
local now_ms, dropped = math.floor(clock() / 1000), ''
if redis.call('ZCARD', key.parked) >= arg.cap then
  dropped = redis.call('ZPOPMAX', key.parked)[1]
  redis.call('HDEL', key.parked_bodies, dropped)
end
redis.call('HSET', key.parked_bodies, arg.name, int(now_ms) .. ' ' .. arg.status)
redis.call('ZADD', key.parked, now_ms + arg.waitMs, arg.name)
return { 'parked', now_ms + arg.waitMs, dropped }
