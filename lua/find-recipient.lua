#!lua flags=allow-oom
-- A page of one recipient's messages: the unsettled ones, or the stored failures. Scans all messages of the sender, since no permanent index
-- contains recipients.
--
-- Keys:
--   backlog          hash  id -> record of an unsettled message
--   failure-records  hash  id -> record with its history
--
-- Arguments:
--   recipient  text   canonical
--   which      word   waiting or failures
--   cursor     text   from the previous page; 0 to begin
--   limit      count  of messages scanned, approximate
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
