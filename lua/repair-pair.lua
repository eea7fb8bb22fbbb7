#!lua flags=allow-oom
-- Repairs one contradiction in what is stored of a pair, if it is still there.
--
-- Keys:
--   backlog       hash    id -> record of an unsettled message
--   queue:<lane>  zset    messages that wait
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> TAT, µs
--   inflight      zset    id -> lease end, or the end of its grace, µs
--   suspended     zset    `group:number:id` of messages that wait outside of their queues
--   daily-queue   zset    recipient -> number of its first message that waits for the daily limit
--   sender        hash    rules and state
--
-- Arguments:
--   now        µs    empty for Redis's clock
--   recipient  text  canonical
--   kind      word  a name of include/diagnose_pair.lua
--
-- Returns:
--   repaired  -
--   gone      -     the contradiction is no longer there
--   left      why   it cannot be repaired safely
--- @include clock
--- @include sender
--- @include diagnose_pair
--- @include free_pair

local recipient, now = arg.recipient, clock()
local kinds, grant, number = diagnose_pair(recipient, now)
if not kinds[arg.kind] then return { 'gone' } end
if arg.kind == 'daily_unlisted' then
  redis.call('ZADD', key.daily_queue, int(number), recipient)
  return { 'repaired' }
elseif arg.kind == 'daily_without_message' then
  redis.call('ZREM', key.daily_queue, recipient)
  return { 'repaired' }
end
local sender = read_sender()
if not sender then return { 'left', 'the sender has no rules: start a node first' } end
if arg.kind == 'grant_unreadable' then return { 'left', 'its grant cannot be read, so what is in flight is not known: report it' } end
if arg.kind == 'grant_without_record' then
  redis.call('HDEL', key.grants, recipient)
  redis.call('ZREM', key.inflight, grant.id)
end
if redis.call('HEXISTS', key.grants, recipient) == 1 then
  for lane = 1, LANES do redis.call('ZREM', key.ready[lane], recipient) end
else
  free_pair(sender, recipient, now)
end
return { 'repaired' }
