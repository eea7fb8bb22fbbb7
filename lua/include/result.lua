--- @include new_result
-- Reads and changes the compact result of a settled message (new_result.lua).

-- The parts of an idempotency record: the mark of an unsettled message, or a result. An empty table for none.
local function read_result(text)
  local letter, generation, rest = string.match(text or '', '^(%a) (%x+) (.*)$')
  if not letter then return {} end
  local before, attempts, receipts, after = string.match(rest, '^(%S+ %d+) (%d+)(%S*) (.*)$')
  local recipient, suffix = string.match(after or '', '^(%S+) (.*)$')
  return {
    letter = letter, generation = generation, before = before, attempts = tonumber(attempts or 0), receipts = receipts,
    at = settled_at(generation, string.match(before or '', '%d+$')), after = after, recipient = recipient, suffix = suffix,
    wamid = string.match(suffix or '', '^%S+ (%S+)')
  }
end

-- A record without content, made of such a result: a failed status may still arrive. `campaign`, `caller`: those it is counted under.
local function record_of_result(result, campaign, caller, now_ms, keep, payload)
  return {
    recipient = result.recipient, lane = 0, seq = 0, stops = 0, attempts = result.attempts, expires = now_ms, keep = keep, body = payload,
    template = campaign and '#' .. campaign, caller = caller
  }
end

local function format_result(result)
  return table.concat({ result.letter, result.generation, result.before, result.attempts .. result.receipts, result.after }, ' ')
end

-- The text of a sent result with one more status (d, r, or a failure f with its code) at `at`; nil if it is known. The letter
-- only rises from s to d to r; a failure does not change it.
local function append_status(result, status, at)
  if status == 's' or string.find(result.receipts, ':' .. status, 1, true) then return nil end
  result.receipts = result.receipts .. ':' .. status .. at
  if status == 'r' or (status == 'd' and result.letter == 's') then result.letter = status end
  return format_result(result)
end

-- The text of a sent result that rests on another message id.
local function with_wamid(result, wamid)
  local caller, extras = string.match(result.suffix, '^(%S+) %S+(.*)$')
  result.after = result.recipient .. ' ' .. caller .. ' ' .. wamid .. extras
  return format_result(result)
end

-- The mark of a second acceptance, for append_status: the message id would be long, and is kept in the history where there is one.
local function double_mark(wamid)
  return 'x' .. string.sub(redis.sha1hex(wamid), 1, 8)
end
