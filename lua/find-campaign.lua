#!lua flags=allow-oom
-- A page of one campaign's messages: those that have not ended, or those that FAILED. Scans all messages of the sender, since no index contains
-- campaigns.
--
-- Keys:
--   backlog          hash  id -> record of an unsettled message
--   failed           zset  id -> ms
--   failure-records  hash  id -> record with its history
--
-- Arguments:
--   campaign  text   its name
--   which     word   waiting or failed
--   cursor    text   from the previous page; 0 to begin
--   limit     count  of messages scanned, approximate
--
-- Returns:
--   page        cursor, messages[]   the next page's cursor or 0
--   messages[]  id, record

local is_failed = arg.which == 'failed'
local page = redis.call('HSCAN', is_failed and key.failure_records or key.backlog, arg.cursor, 'COUNT', arg.limit)
local found = {}
for i = 1, #page[2], 2 do
  local id, text = page[2][i], page[2][i + 1]
  if string.match(text, '^[^#\n]*#(%S+)\n') == arg.campaign and (not is_failed or redis.call('ZSCORE', key.failed, id)) then
    found[#found + 1] = { id, text }
  end
end
return { 'page', page[1], found }
