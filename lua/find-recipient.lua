#!lua flags=allow-oom
-- A page of one recipient's messages: those that are unsettled, or those that are kept as failures. Looks through all of the sender's
-- messages, since no index that is kept for ever names a recipient.
--
-- Keys:
--   backlog          hash  id -> record of an unsettled message
--   failure-records  hash  id -> record with its history
--
-- Arguments:
--   recipient  text   canonical
--   which      word   waiting or failures
--   cursor     text   where the page before ended; 0 to begin
--   limit      count  of messages looked at, about
--
-- Returns:
--   page        cursor, messages[]   the next page's cursor or 0
--   messages[]  id, record

local page = redis.call('HSCAN', arg.which == 'waiting' and key.backlog or key.failure_records, arg.cursor, 'COUNT', arg.limit)
local found, head = {}, arg.recipient .. ' '
for i = 1, #page[2], 2 do
  if string.sub(page[2][i + 1], 1, #head) == head then found[#found + 1] = { page[2][i], page[2][i + 1] } end
end
return { 'page', page[1], found }
