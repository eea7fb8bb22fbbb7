-- The record of an unsettled message: a header line for the scripts, the payload as a line of JSON, then the story, a line
-- `<ms> <JSON>` for each attempt that came to something else than sent.
-- Header: recipient, lane and number in line as one word, when it expires (ms, hex), for how many ms longer its key is kept; then, unless all are nothing, attempts, stops,
-- and `m` for marketing with how often in a row the pair's limit has met it. Most that wait have none of these, and there are many of them. Needs: clock.

local function read_record(text)
  local recipient, lane, seq, expires, keep, attempts, stops, mark, pair_hits, body =
    string.match(text, '^(%S+) (%d)(%d+) (%x+) (%-?%d+) ?(%d*) ?(%d*) ?(m?)(%d*)\n(.*)$')
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
  return string.format('%s %d%d %x %d', record.recipient, record.lane, record.seq, record.expires, record.keep - record.expires) .. rest .. '\n' .. record.body
end

-- Who posted a message, from its payload: a list that begins with it, or bounce's own by names. It is not decoded, since cjson takes no half
-- of a surrogate pair, and a text that was cut has one.
local function caller_of(record)
  return string.match(record.body, '^%["([^"]*)"') or string.match(record.body, '"caller":"([^"]*)"') or '-'
end

-- The place of a message in its line; its number has 12 digits there, so that their order is the line's.
local function member_of(record, id)
  return string.format('%s:%012d:%s', record.recipient, record.seq, id)
end

-- What :held keeps of a grant, and what it says.
local function write_grant(id, attempt, lease_end, holder, granted_at, tat_before, turn)
  return string.format('%s %d %d %s %d %d %d', id, attempt, lease_end, holder, granted_at, tat_before, turn)
end

local function read_grant(text)
  local id, attempt, lease_end, holder, granted_at, tat_before, turn =
    string.match(text or '', '^(%S+) (%d+) (%d+) (%S+) (%d+) (%d+) (%d+)$')
  if not id then return nil end
  return {
    id = id, attempt = tonumber(attempt), lease_end = tonumber(lease_end), holder = holder,
    granted_at = tonumber(granted_at), tat_before = tonumber(tat_before), turn = tonumber(turn)
  }
end

-- The compact result that replaces a settled message's record: letter, generation, fingerprint, when (ms), attempts and what
-- was heard of it since (`2:d<ms>:r<ms>`), recipient, then the caller's tail `caller providerMessageId [metadata]`. And its life in ms, at least a minute;
-- no life where the key has been used again: `known` is then a younger message's, and this one leaves no result there.
local function write_result(letter, id, known, now, record, tail)
  local generation = string.match(id, '%.(%x+)$')
  local owner, fingerprint = string.match(known or '', '^%a (%x+) (%x+)')
  local is_other = owner and owner ~= generation
  local at = math.floor(now / 1000)
  local mark = is_other and '0' or fingerprint or '0'
  local result = table.concat({ letter, generation, mark, int(at), record.attempts, record.recipient, tail }, ' ')
  return result, not is_other and int(math.max(60000, record.keep - at)) or nil
end

-- What a record or compact result under an idempotency key says; an empty table for none. Of a result that a receipt may
-- change: its parts, and in `heard` what was heard of it since.
local function read_result(text)
  local letter, generation, rest = string.match(text or '', '^(%a) (%x+) (.*)$')
  if not letter then return {} end
  local before, attempts, heard, after = string.match(rest, '^(%S+ %d+) (%d+)(%S*) (.*)$')
  return {
    letter = letter, generation = generation, before = before, attempts = tonumber(attempts or 0), heard = heard, after = after,
    recipient = string.match(after or '', '^%S+'), wamid = string.match(after or '', '^%S+ %S+ (%S+)')
  }
end

local function written_result(result)
  return table.concat({ result.letter, result.generation, result.before, result.attempts .. result.heard, result.after }, ' ')
end

-- The text of a sent result that has heard of `status` (d, r, or a failure f with its code) at `at`; nil where that is
-- nothing new. A state only rises; a failure is kept beside it.
local function raised(result, status, at)
  if status == 's' or string.find(result.heard, ':' .. status, 1, true) then return nil end
  result.heard = result.heard .. ':' .. status .. at
  if status == 'r' or (status == 'd' and result.letter == 's') then result.letter = status end
  return written_result(result)
end

-- What is noted of a recipient that, so the provider says, wants no marketing.
local function opted_out(now_ms, code)
  return int(now_ms) .. ' {"by":"whatsapp","reason":"' .. code .. '"}'
end

-- A change of a message as the outbox holds it: whose, when, the result that it made, and behind a tab what happened (JSON).
local function outbox_item(id, now_ms, result, story)
  return id .. ' ' .. int(now_ms) .. ' ' .. result .. (story ~= '' and '\t' .. story or '')
end
