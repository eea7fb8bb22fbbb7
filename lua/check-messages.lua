#!lua flags=allow-oom,no-writes
-- Finds contradictions in what is stored of messages. Writes nothing.
--
-- Keys:
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   grants           hash    recipient -> grant
--   inflight         zset    id -> lease end, µs
--   scheduled        zset    `number:id` -> ms
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   seq              string  last number drawn for a queue
-- Keys per message:
--   msg              string  idempotency record of its digest
--
-- Arguments:
--   now         µs      empty for Redis's clock
--   rememberMs  ms      how long a key is remembered at least, from admission
-- Arguments per message:
--   id          text    of the message
--   lane        number  of an entry of a queue that names it, 1 to 3, of the schedule, 0, or of `suspended`, 4; empty for none
--   member      text    that entry
--
-- Returns: for each message
--   checked  kinds   names of include/diagnose_message.lua, separated by spaces
--   error    text     of the script itself
--- @include batch
--- @include clock
--- @include diagnose_message
--- @include kind_list

local now_ms = math.floor(clock() / 1000)
return reply_each(#messages, function(m)
  local message = messages[m]
  local member = message.lane and message.member
  return { 'checked', kind_list(diagnose_message(message.id, message.msg, message.lane, member, now_ms, arg.rememberMs)) }
end)
