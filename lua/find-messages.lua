#!lua flags=allow-oom
-- A page of one sender's messages: those that have not ended, or those that FAILED. Scans all of them, since no index has the criteria of bulk jobs.
--
-- Keys:
--   backlog          hash  id -> record of an unsettled message
--   grants           hash  recipient -> grant
--   scheduled        zset  `number:id` -> ms
--   unknown          zset  id -> hold end, ms
--   failures         zset  id -> nextRetryAt, ms
--   failed           zset  id -> ms
--   failure-records  hash  id -> record with its history
--
-- Arguments:
--   which     word   waiting or failed
--   campaign  text   its name; empty for messages of any campaign or none
--   cursor    text   from the previous page; 0 to begin
--   limit     count  of messages scanned, approximate
--
-- Returns:
--   page        cursor, scanned, messages[]   the next page's cursor or 0; records that were scanned
--   messages[]  id, record, state             state: scheduled, queued, sending, retrying, unknown or failed
--- @include record
--- @include schedule
--- @include grant
--- @include campaign_name

local is_failed = arg.which == 'failed'
local page = redis.call('HSCAN', is_failed and key.failure_records or key.backlog, arg.cursor, 'COUNT', arg.limit)

local function state_of(id, text)
  if is_failed then return redis.call('ZSCORE', key.failed, id) and 'failed' end
  local record = read_record(text)
  if not record then return nil end
  local grant = grant_of(record.recipient)
  if grant and grant.id == id then return 'sending' end
  if redis.call('ZSCORE', key.failures, id) then return 'retrying' end
  if redis.call('ZSCORE', key.unknown, id) then return 'unknown' end
  return redis.call('ZSCORE', key.scheduled, scheduled_member_of(record, id)) and 'scheduled' or 'queued'
end

local found = {}
for i = 1, #page[2], 2 do
  local id, text = page[2][i], page[2][i + 1]
  if arg.campaign == '' or campaign_of_text(text) == arg.campaign then
    local state = state_of(id, text)
    if state then found[#found + 1] = { id, text, state } end
  end
end
return { 'page', page[1], #page[2] / 2, found }
