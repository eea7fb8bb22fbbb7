#!lua flags=allow-oom
-- Forgets the pace of one pair: an operator's exemption. What waits for the pair may go at once.
--
-- KEYS[1]   lines:urgent  zset    who waits
-- KEYS[2]   lines:normal  zset    who waits
-- KEYS[3]   lines:bulk    zset    who waits
-- KEYS[4]   turns:urgent  zset    recipient -> µs
-- KEYS[5]   turns:normal  zset    recipient -> µs
-- KEYS[6]   turns:bulk    zset    recipient -> µs
-- KEYS[7]   held          hash    recipient -> grant
-- KEYS[8]   pace          zset    recipient -> TAT, µs
-- KEYS[9]   sender        hash    rules and state
-- KEYS[10]  shift         string  drain lease
-- KEYS[11]  starts        string  the watch's run of starts of this pair
--
-- ARGV[1]   now        µs    '' for Redis's clock
-- ARGV[2]   recipient  text  canonical
--
-- Returns:
--   {'cleared', had a pace 0 or 1, attention}
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include attention
local lines, turns = { KEYS[1], KEYS[2], KEYS[3] }, { KEYS[4], KEYS[5], KEYS[6] }
local held, pace, sender_key, shift, starts = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local given, recipient = ARGV[1], ARGV[2]

local now = clock(given)
local sender = read_sender(sender_key)
local had = redis.call('ZREM', pace, recipient)
-- What an operator allows is no violation.
redis.call('DEL', starts)
local turn
if sender and redis.call('HEXISTS', held, recipient) == 0 then
  local lane, score = turn_of(turns, recipient)
  if lane then
    turn = math.min(score, now)
    redis.call('ZADD', turns[lane], turn, recipient)
  end
end
local who, value = attention(shift, sender and turn, now, sender and closed(sender, now))
if value then redis.call('SET', shift, unpack(value)) end
return { 'cleared', had, who }
