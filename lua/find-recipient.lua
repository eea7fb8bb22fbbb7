#!lua flags=allow-oom
-- A page of one recipient's messages: those that are unsettled, or those that are kept as failures. Looks through all of the
-- sender's, since no index that is kept for ever names a recipient.
--
-- KEYS[1]   backlog          hash    id -> record of an unsettled message
-- KEYS[2]   failure-records  hash    id -> record with its story
--
-- ARGV[1]   recipient  text   canonical
-- ARGV[2]   which      word   waiting or failures
-- ARGV[3]   cursor     count  where the page before ended; 0 to begin
-- ARGV[4]   limit      count  of messages looked at, about
--
-- Returns:
--   {cursor of the next page or 0, id, record, id, record, ...}
local backlog, records = KEYS[1], KEYS[2]
local recipient, which, cursor, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local page = redis.call('HSCAN', which == 'waiting' and backlog or records, cursor, 'COUNT', limit)
local found, head = { page[1] }, recipient .. ' '
for i = 1, #page[2], 2 do
  if string.sub(page[2][i + 1], 1, #head) == head then
    found[#found + 1] = page[2][i]
    found[#found + 1] = page[2][i + 1]
  end
end
return found
