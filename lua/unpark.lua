#!lua flags=allow-oom
-- Takes out what is parked and due for another look. Each stays parked until it is told to leave, so that nothing is lost by
-- a node that ends in between; until then it is due again later: after as long as it has been parked, a minute at most, since what was not found
-- soon is most likely of a message that others sent.
--
-- KEYS[1]   parked         zset  status -> ms of the next look
-- KEYS[2]   parked-bodies  hash  status -> ms of its arrival, and what it says as JSON
--
-- ARGV[1]   now     µs     '' for Redis's clock
-- ARGV[2]   done    JSON   array of names that leave
-- ARGV[3]   waitMs  ms     until the look after this one at least, for those that are named now
-- ARGV[4]   limit   count  of those at most
--
-- Returns:
--   {moment of the next look in ms or 0, {name, ms since its arrival, what it says}, ...}
--- @include clock
local SLOWEST_LOOK_MS = 60000
local parked, bodies = KEYS[1], KEYS[2]
local given, done, wait, limit = ARGV[1], cjson.decode(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

for _, name in ipairs(done) do
  redis.call('ZREM', parked, name)
  redis.call('HDEL', bodies, name)
end
local now_ms = math.floor(clock(given) / 1000)
local due = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', parked, '-inf', now_ms, 'LIMIT', 0, limit)) do
  local arrived, status = string.match(redis.call('HGET', bodies, name) or '', '^(%d+) (.*)$')
  if arrived then
    local age = now_ms - tonumber(arrived)
    redis.call('ZADD', parked, now_ms + math.max(wait, math.min(age, SLOWEST_LOOK_MS)), name)
    due[#due + 1] = { name, age, status }
  else
    redis.call('ZREM', parked, name)
  end
end
local first = redis.call('ZRANGE', parked, 0, 0, 'WITHSCORES')
return { first[1] and tonumber(first[2]) or 0, unpack(due) }
