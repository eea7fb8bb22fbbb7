--- @include numbers
-- The record of an unsettled message: a header line for the scripts, the payload as a line of JSON, then the history, a line
-- `<ms>(:<tag>)? <JSON>` for each attempt that did not end as sent. Scripts read the header and the tags, never the JSON.
-- Header: recipient, lane and number in the queue as one word, when it expires (ms, hex), for how many ms longer its key is remembered; then,
-- unless all are 0, attempts, stops, and `m` for marketing with the consecutive attempts that met the pair limit. Most records have none.

-- nil for a text that is not a record, so that one damaged record does not stop a script between two writes.
local function read_record(text)
  local recipient, lane, seq, expires, keep, attempts, stops, mark, pair_hits, body =
    string.match(text, '^(%S+) (%d)(%d+) (%x+) (%-?%d+) ?(%d*) ?(%d*) ?(m?)(%d*)\n(.*)$')
  if not recipient then return nil end
  expires = tonumber(expires, 16)
  return {
    recipient = recipient, lane = tonumber(lane), seq = tonumber(seq), attempts = tonumber(attempts) or 0, stops = tonumber(stops) or 0,
    expires = expires, keep = expires + tonumber(keep), marketing = mark == 'm', pair_hits = tonumber(pair_hits) or 0, body = body
  }
end

local function write_record(record)
  local hits, rest = record.pair_hits or 0, ''
  if record.marketing or hits > 0 then
    rest = string.format(' %d %d %s%s', record.attempts, record.stops, record.marketing and 'm' or '', hits > 0 and hits or '')
  elseif record.attempts > 0 or record.stops > 0 then
    rest = string.format(' %d %d', record.attempts, record.stops)
  end
  return string.format('%s %d%d %x %d', record.recipient, record.lane, record.seq, record.expires, record.keep - record.expires)
    .. rest .. '\n' .. record.body
end

-- A zero before the number says that a message has not joined its queue yet: claim.lua writes its record without it.
local function mark_scheduled(text)
  return (string.gsub(text, '^(%S+ %d)', '%10', 1))
end

local function is_marked_scheduled(text)
  return string.find(text, '^%S+ %d0') ~= nil
end

-- Entries of a history at most: each acknowledgement and each manual retry adds one.
local HISTORY = 100

-- Without its oldest entry that has no tag; if all but the last have one, without the oldest.
local function without_oldest(body)
  local from = string.find(body, '\n%d+ ')
  local to = from and string.find(body, '\n', from + 1, true)
  if not to then
    from = string.find(body, '\n', 1, true)
    to = string.find(body, '\n', from + 1, true)
  end
  return string.sub(body, 1, from - 1) .. string.sub(body, to)
end

-- Adds an entry to the history. Scripts later search for `tag`: `accepted=<message id>`, `delivered=<message id>`, `bounced=<message id>`,
-- `lease=<holder>` (it expired), `expired`, `cancelled`, `reopened`.
local function append_history(record, now_ms, json, tag)
  local entries, at = 0, 0
  repeat
    entries, at = entries + 1, string.find(record.body, '\n', at + 1, true)
  until not at
  record.body = record.body .. '\n' .. int(now_ms) .. (tag and ':' .. tag or '') .. ' ' .. json
  if entries > HISTORY then record.body = without_oldest(record.body) end
end

-- The place of a message in its queue; its number has 12 digits there, so that text order is the order of the queue.
local function member_of(record, id)
  return string.format('%s:%012d:%s', record.recipient, record.seq, id)
end

-- The place of a message in the schedule. Redis orders equal scores by member: the number makes that the order of acceptance.
local function scheduled_member_of(record, id)
  return string.format('%012d:%s', record.seq, id)
end
