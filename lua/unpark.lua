#!lua flags=allow-oom
-- Returns parked statuses that are due to be matched again, and removes those that are done. A status stays parked until it is done, so that
-- none is lost if a node dies in between. The delay to its next attempt is the time that it has been parked, a minute at most: a status that
-- does not match soon most likely belongs to a message of another system.
--
-- Keys:
--   parked         zset  status -> ms of the next attempt to match it
--   parked-bodies  hash  status -> ms of its arrival, and its content as JSON
--
-- Arguments:
--   now     µs     empty for Redis's clock
--   done    text   names to remove, separated by spaces
--   waitMs  ms     least delay to the next attempt
--   limit   count  of statuses returned at most
--
-- Returns:
--   unparked  nextMs, due[]         when the next one is due, or 0
--   due[]     name, ageMs, status
--- @include clock

local SLOWEST_MS = 60000
for name in string.gmatch(arg.done, '%S+') do
  redis.call('ZREM', key.parked, name)
  redis.call('HDEL', key.parked_bodies, name)
end
local now_ms = math.floor(clock() / 1000)
local due = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', key.parked, '-inf', now_ms, 'LIMIT', 0, arg.limit)) do
  local arrived, status = string.match(redis.call('HGET', key.parked_bodies, name) or '', '^(%d+) (.*)$')
  if arrived then
    local age = now_ms - tonumber(arrived)
    redis.call('ZADD', key.parked, now_ms + math.max(arg.waitMs, math.min(age, SLOWEST_MS)), name)
    due[#due + 1] = { name, age, status }
  else
    redis.call('ZREM', key.parked, name)
  end
end
local first = redis.call('ZRANGE', key.parked, 0, 0, 'WITHSCORES')
return { 'unparked', first[1] and tonumber(first[2]) or 0, due }
