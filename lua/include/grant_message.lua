--- @include gcra
--- @include grant
--- @include sender_tat
-- Grants a message. The caller writes the sender's TAT, once for all messages. `on_grant`: as of effect_of() in include/hold.lua, or nil. Writes.
local function grant_message(sender, recipient, id, attempt, holder, tat, now, on_grant)
  local lease_end = int(now + arg.leaseMs * 1000)
  redis.call('ZADD', key.pair_tat, int(advance(tat, now, sender.pair_rate)), recipient)
  redis.call('HSET', key.grants, recipient, format_grant(id, attempt, lease_end, holder, now, tat, now))
  redis.call('ZADD', key.inflight, lease_end, id)
  if on_grant then on_grant() end
end
