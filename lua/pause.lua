#!lua flags=allow-oom
-- Opens or closes a sender: paused by an operator until a moment or for good, stopped by the provider's verdict, opened;
-- or lets a stopped one be tried at once.
--
-- KEYS[1]   sender        hash    rules and state
-- KEYS[2]   turns:urgent  zset    recipient -> µs
-- KEYS[3]   turns:normal  zset    recipient -> µs
-- KEYS[4]   turns:bulk    zset    recipient -> µs
-- KEYS[5]   shift         string  drain lease
--
-- ARGV[1]   now    µs    '' for Redis's clock
-- ARGV[2]   state  word  paused, stopped, open, or try: a stopped sender's next try is now, any other stays as it is
-- ARGV[3]   forMs  ms    how long; '' without an end
-- ARGV[4]   reason text  who or what closed it, one word
--
-- Returns:
--   {state before, attention}
--- @include clock
--- @include attention
local sender_key, turns, shift = KEYS[1], { KEYS[2], KEYS[3], KEYS[4] }, KEYS[5]
local given, state, duration, why = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

local now = clock(given)
local before = redis.call('HGET', sender_key, 'status') or 'active'
if state == 'try' then
  if before ~= 'stopped' then return { before, '' } end
  redis.call('HSET', sender_key, 'until', now)
else
  redis.call('HDEL', sender_key, 'status', 'until', 'reason', 'since', 'tryEvery')
end
if state == 'paused' or state == 'stopped' then
  redis.call('HSET', sender_key, 'status', state, 'reason', why)
  if duration then redis.call('HSET', sender_key, 'until', now + duration * 1000) end
  return { before, '' }
end
local first
for lane = 1, 3 do
  local turn = redis.call('ZRANGE', turns[lane], 0, 0, 'WITHSCORES')
  if turn[1] then first = math.min(first or math.huge, tonumber(turn[2])) end
end
local who, value = attention(shift, first, now)
if value then redis.call('SET', shift, unpack(value)) end
return { before, who }
