#!lua flags=allow-oom
-- Erases what is stored under a recipient, once no message to it is queued or in flight: its TAT, the spacing check's run of starts, a stale
-- ready time, its opt-in, and its last act: that becomes one of a person who is not known, so that its window does not look closed. It
-- stays counted for the daily limit, without its name. Its opt-out stays, since it could not be honoured otherwise.
--
-- Keys:
--   queue:<lane>  zset    messages that wait
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> TAT, µs
--   starts        string  the spacing check's run of starts of this pair
--   opt-outs      hash    recipient -> since when, and why; -recipient -> when it opted in again, ms
--   windows       zset    recipient -> last act, ms
--   daily         zset    recipient -> when it was counted for the daily limit, ms
--
-- Arguments:
--   recipient  text  canonical
--
-- Returns:
--   erased  count   entries removed
--   busy    -       a message waits or is in flight
--- @include queue

local recipient = arg.recipient
if redis.call('HEXISTS', key.grants, recipient) == 1 or count_queued(key.queue, recipient, 1, LANES) > 0 then return { 'busy' } end
local count = redis.call('ZREM', key.pair_tat, recipient) + redis.call('DEL', key.starts) + redis.call('HDEL', key.opt_outs, '-' .. recipient)
local act = redis.call('ZSCORE', key.windows, recipient)
if act then redis.call('ZADD', key.windows, 'GT', act, '?' .. string.sub(recipient, 1, 1)) end
count = count + redis.call('ZREM', key.windows, recipient, '-' .. recipient)
local counted_at, nameless = redis.call('ZSCORE', key.daily, recipient), redis.call('ZCARD', key.daily)
if counted_at then
  repeat nameless = nameless + 1 until not redis.call('ZSCORE', key.daily, '?' .. nameless)
  redis.call('ZADD', key.daily, counted_at, '?' .. nameless)
  count = count + redis.call('ZREM', key.daily, recipient)
end
for lane = 1, LANES do count = count + redis.call('ZREM', key.ready[lane], recipient) end
return { 'erased', count }
