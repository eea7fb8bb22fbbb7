#!lua
-- Takes slots of the rate at which callers may post, over all senders and nodes. The calls of one tick are processed in order.
--
-- Keys:
--   caller-tat  zset  caller -> TAT of its rate, µs; those in the past are removed
--
-- Arguments:
--   now         µs     empty for Redis's clock
-- Arguments per message:
--   caller      text   name of the key
--   intervalUs  µs     of its rate
--   burst       count  of its rate
--   want        count  messages that it posts
--
-- Returns: for each message
--   taken  accepted, left, waitUs  slots of those wanted, slots left, and how long until there is one more
--   error  text                  of the script itself
--- @include batch
--- @include clock
--- @include gcra

local now = clock()
redis.call('ZREMRANGEBYSCORE', key.caller_tat, '-inf', int(now))

return reply_each(#messages, function(m)
  local message = messages[m]
  local caller, rate = message.caller, { interval = message.intervalUs, burst = message.burst }
  local stored = tonumber(redis.call('ZSCORE', key.caller_tat, caller) or 0)
  -- A slower rate of the past may have left a TAT too far ahead: at most the bucket is empty.
  local tat = math.min(math.max(stored, now), now + rate.burst * rate.interval)
  local slots = math.min(message.want, allowed(tat, now, rate))
  tat = tat + slots * rate.interval
  if slots > 0 or tat < stored then redis.call('ZADD', key.caller_tat, int(tat), caller) end
  local left = allowed(tat, now, rate)
  return { 'taken', slots, left, math.max(0, math.ceil(earliest(tat, rate) - now)) }
end)
