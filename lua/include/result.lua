--- @include numbers
-- The compact result that replaces a settled message's record: letter, generation, fingerprint, when (ms), attempts with the
-- receipts since (`2:d<ms>:r<ms>`), recipient, then the suffix `caller providerMessageId [metadata]`.

-- The generation in an id.
local function generation_of(id)
  return string.match(id, '%.(%x+)$')
end

-- How long a result is kept at least, ms: a minute, and where statuses of a sent message may arrive, a day. Its key may be used again before
-- (evaluate.lua).
local LEAST_LIFE, REPORTED_LIFE = 60000, 86400000

-- A new result and its life in ms. No life if the key has been used again: `known` then belongs to a younger message, and this one leaves no
-- result.
local function new_result(letter, id, known, now_ms, record, suffix, is_reported)
  local generation = generation_of(id)
  local owner, fingerprint = string.match(known or '', '^%a (%x+) (%x+)')
  local is_other = owner and owner ~= generation
  local mark = is_other and '0' or fingerprint or '0'
  local result = table.concat({ letter, generation, mark, int(now_ms), record.attempts, record.recipient, suffix }, ' ')
  return result, not is_other and int(math.max(is_reported and REPORTED_LIFE or LEAST_LIFE, record.keep - now_ms)) or nil
end

-- The parts of an idempotency record: the mark of an unsettled message, or a result. An empty table for none.
local function read_result(text)
  local letter, generation, rest = string.match(text or '', '^(%a) (%x+) (.*)$')
  if not letter then return {} end
  local before, attempts, receipts, after = string.match(rest, '^(%S+ %d+) (%d+)(%S*) (.*)$')
  local recipient, suffix = string.match(after or '', '^(%S+) (.*)$')
  return {
    letter = letter, generation = generation, before = before, at = string.match(before or '', '%d+$'), attempts = tonumber(attempts or 0),
    receipts = receipts, after = after, recipient = recipient, suffix = suffix, wamid = string.match(suffix or '', '^%S+ (%S+)')
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

-- A change of a message in the outbox: id, time, the new result, and after a tab the history entry (JSON), if any.
local function outbox_item(id, now_ms, result, history)
  return id .. ' ' .. int(now_ms) .. ' ' .. result .. (history ~= '' and '\t' .. history or '')
end
