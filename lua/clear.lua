#!lua flags=allow-oom
-- Removes the TAT of one pair: an operator's exemption. Its next message may be sent at once.
--
-- Keys:
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> TAT, µs
--   sender        hash    rules and state
--   drain-lease   string  the drain run of this sender
--   starts        string  the spacing check's run of starts of this pair
--
-- Arguments:
--   now        µs    empty for Redis's clock
--   recipient  text  canonical
--
-- Returns:
--   cleared  had?, wakeHint   whether there was a TAT
--- @include clock
--- @include sender
--- @include ready
--- @include wake_hint

local now = clock()
local sender = read_sender()
local had = redis.call('ZREM', key.pair_tat, arg.recipient)
-- A send that an operator allows is not a spacing violation.
redis.call('DEL', key.starts)
local ready_at
if sender and redis.call('HEXISTS', key.grants, arg.recipient) == 0 then
  local lane, former = ready_of(arg.recipient, now)
  if lane then
    ready_at = math.min(former, now)
    redis.call('ZADD', key.ready[lane], ready_at, arg.recipient)
  end
end
return { 'cleared', had, wake_hint(ready_at, now, sender and blocked(sender, now)) }
