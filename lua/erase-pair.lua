#!lua flags=allow-oom
-- Forgets what is held about a recipient by name, once no message waits for it or is in flight: its pace, the watch's run of
-- starts, a turn that was left behind, and that it wanted marketing again. That it wants none is kept, or it could not be honoured.
--
-- KEYS[1]   lines:urgent  zset    who waits
-- KEYS[2]   lines:normal  zset    who waits
-- KEYS[3]   lines:bulk    zset    who waits
-- KEYS[4]   turns:urgent  zset    recipient -> µs
-- KEYS[5]   turns:normal  zset    recipient -> µs
-- KEYS[6]   turns:bulk    zset    recipient -> µs
-- KEYS[7]   held          hash    recipient -> grant
-- KEYS[8]   pace          zset    recipient -> TAT, µs
-- KEYS[9]   starts        string  the watch's run of starts of this pair
-- KEYS[10]  opt-outs      hash    recipient -> since when, and why; -recipient -> until when it had been out, ms
--
-- ARGV[1]   recipient  text  canonical
--
-- Returns:
--   {'erased', things forgotten}
--   {'busy'}   a message waits or is in flight
--- @include gcra
--- @include line
local lines, turns = { KEYS[1], KEYS[2], KEYS[3] }, { KEYS[4], KEYS[5], KEYS[6] }
local held, pace, starts, opt_outs = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local recipient = ARGV[1]

if redis.call('HEXISTS', held, recipient) == 1 or waiting(lines, recipient, 1, LANES) > 0 then return { 'busy' } end
local count = redis.call('ZREM', pace, recipient) + redis.call('DEL', starts) + redis.call('HDEL', opt_outs, '-' .. recipient)
for lane = 1, LANES do count = count + redis.call('ZREM', turns[lane], recipient) end
return { 'erased', count }
