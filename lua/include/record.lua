--- @include numbers
-- The record of an unsettled message: a header line for the scripts, the payload as a line of JSON, then the history, a line
-- `<ms>(:<tag>)? <JSON>` for each attempt that did not end as sent. Scripts read the header and the tags, and the payload only where a
-- sender has rates (include/rate.lua).
-- Header: recipient, lane and number in the queue as one word, when it expires (ms, hex), for how many ms longer its key is remembered; then,
-- unless all are 0, attempts, stops, and `m` for marketing with the consecutive attempts that met the pair limit; then `@` with the template, and
-- `~` with the caller where there are several. Most records have neither.

-- nil for a text that is not a record, so that one damaged record does not stop a script between two writes.
local function read_record(text)
  local recipient, lane, seq, expires, keep, rest, body = string.match(text, '^(%S+) (%d)(%d+) (%x+) (%-?%d+)([^\n]*)\n(.*)$')
  if not recipient then return nil end
  expires = tonumber(expires, 16)
  local record = {
    recipient = recipient, lane = tonumber(lane), seq = tonumber(seq), attempts = 0, stops = 0, expires = expires, keep = expires + tonumber(keep),
    marketing = false, pair_hits = 0, body = body
  }
  if rest == '' then return record end
  local counts, template = string.match(rest, '^(.*) @(%S+)$')
  record.template = template
  if template and string.find(template, '~', 1, true) then
    template, record.caller = string.match(template, '^([^~]*)~(.+)$')
    record.template = template ~= '' and template or nil
  end
  if counts == '' then return record end
  local attempts, stops, mark, pair_hits = string.match(counts or rest, '^ (%d+) (%d+) ?(m?)(%d*)$')
  if not attempts then return nil end
  record.attempts, record.stops, record.marketing, record.pair_hits = tonumber(attempts), tonumber(stops), mark == 'm', tonumber(pair_hits) or 0
  return record
end

local function format_record(record)
  local hits, rest = record.pair_hits or 0, ''
  if record.marketing or hits > 0 then
    rest = string.format(' %d %d %s%s', record.attempts, record.stops, record.marketing and 'm' or '', hits > 0 and hits or '')
  elseif record.attempts > 0 or record.stops > 0 then
    rest = string.format(' %d %d', record.attempts, record.stops)
  end
  if record.caller then
    rest = rest .. ' @' .. (record.template or '') .. '~' .. record.caller
  elseif record.template then
    rest = rest .. ' @' .. record.template
  end
  return record.recipient .. ' ' .. record.lane .. record.seq .. ' ' .. string.format('%x %d', record.expires, record.keep - record.expires)
    .. rest .. '\n' .. record.body
end

-- The member of a message in its queue; the number has 12 digits there, so that text order is the order of the queue.
local function member_of(record, id)
  return record.recipient .. ':' .. string.format('%012d', record.seq) .. ':' .. id
end
