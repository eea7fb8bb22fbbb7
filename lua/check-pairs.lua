#!lua flags=allow-oom,no-writes
-- Finds contradictions in what is stored of pairs. Writes nothing.
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
--
-- Arguments:
--   now        µs    empty for Redis's clock
-- Arguments per message:
--   recipient  text  canonical
--
-- Returns: for each recipient
--   checked  kinds   names of include/diagnose_pair.lua, separated by spaces
--   error    text     of the script itself
--- @include batch
--- @include clock
--- @include diagnose_pair
--- @include kind_list

local now = clock()
return reply_each(#messages, function(m)
  local message = messages[m]
  return { 'checked', kind_list(diagnose_pair(message.recipient, now)) }
end)
