#!lua flags=allow-oom
-- Looks at one pair: its bucket, its line, and what a new message to it would wait for. Takes nothing.
--
-- KEYS[1]   lines:urgent  zset    who waits
-- KEYS[2]   lines:normal  zset    who waits
-- KEYS[3]   lines:bulk    zset    who waits
-- KEYS[4]   turns:urgent  zset    recipient -> µs
-- KEYS[5]   turns:normal  zset    recipient -> µs
-- KEYS[6]   turns:bulk    zset    recipient -> µs
-- KEYS[7]   held          hash    recipient -> grant
-- KEYS[8]   pace          zset    recipient -> TAT, µs
-- KEYS[9]   flow          string  TAT in µs, slots used
-- KEYS[10]  sender        hash    rules and state
--
-- ARGV[1]   now        µs    '' for Redis's clock
-- ARGV[2]   recipient  text  canonical
-- ARGV[3]   lane       1..3  of the message that asks
--
-- Returns:
--   {'pair', now ms, wait µs of a new message or -1, what binds, waiting urgent, normal, bulk, held 0 or 1,
--     TAT µs or 0, pair interval µs, pair burst}
--   {'unruled'}
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include promise
local lines, turns = { KEYS[1], KEYS[2], KEYS[3] }, { KEYS[4], KEYS[5], KEYS[6] }
local held, pace, flow, sender_key = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local given, recipient, lane = ARGV[1], ARGV[2], tonumber(ARGV[3])

local sender = read_sender(sender_key)
if not sender then return { 'unruled' } end
local now = clock(given)
local tat = tonumber(redis.call('ZSCORE', pace, recipient) or 0)
local flow_tat = tonumber(string.match(redis.call('GET', flow) or '0', '^%d+'))
local counts = {}
for l = 1, LANES do counts[l] = waiting(lines, recipient, l, l) end
local ahead = 0
for l = 1, lane do ahead = ahead + counts[l] end

local wait, bound = promise(sender, turns[lane], now, tat, flow_tat, ahead)
return {
  'pair', math.floor(now / 1000), wait, bound, counts[1], counts[2], counts[3],
  redis.call('HEXISTS', held, recipient), tat, sender.pair.interval, sender.pair.burst
}
