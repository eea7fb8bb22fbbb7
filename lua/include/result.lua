--- @include numbers
-- The compact result that replaces a settled message's record: letter, generation, fingerprint, when (ms), attempts and what
-- receipts said since (`2:d<ms>:r<ms>`), recipient, then the suffix `caller providerMessageId [metadata]`.

-- The generation in an id.
local function generation_of(id)
  return string.match(id, '%.(%x+)$')
end

-- A new result and its life in ms, at least a minute. No life where the key has been used again: `known` is then a younger
-- message's, and this one leaves no result there.
local function new_result(letter, id, known, now_ms, record, suffix)
  local generation = generation_of(id)
  local owner, fingerprint = string.match(known or '', '^%a (%x+) (%x+)')
  local is_other = owner and owner ~= generation
  local mark = is_other and '0' or fingerprint or '0'
  local result = table.concat({ letter, generation, mark, int(now_ms), record.attempts, record.recipient, suffix }, ' ')
  return result, not is_other and int(math.max(60000, record.keep - now_ms)) or nil
end

-- The parts of what is kept under an idempotency key: a mark of an unsettled message, or a result. An empty table for none.
local function read_result(text)
  local letter, generation, rest = string.match(text or '', '^(%a) (%x+) (.*)$')
  if not letter then return {} end
  local before, attempts, receipts, after = string.match(rest, '^(%S+ %d+) (%d+)(%S*) (.*)$')
  local recipient, suffix = string.match(after or '', '^(%S+) (.*)$')
  return {
    letter = letter, generation = generation, before = before, attempts = tonumber(attempts or 0), receipts = receipts, after = after,
    recipient = recipient, suffix = suffix, wamid = string.match(suffix or '', '^%S+ (%S+)')
  }
end

local function format_result(result)
  return table.concat({ result.letter, result.generation, result.before, result.attempts .. result.receipts, result.after }, ' ')
end

-- The text of a sent result with one more status (d, r, or a failure f with its code) at `at`; nil where that is nothing new. The
-- letter only rises from s to d to r; a failure is kept beside it.
local function append_status(result, status, at)
  if status == 's' or string.find(result.receipts, ':' .. status, 1, true) then return nil end
  result.receipts = result.receipts .. ':' .. status .. at
  if status == 'r' or (status == 'd' and result.letter == 's') then result.letter = status end
  return format_result(result)
end

-- A change of a message as the outbox holds it: id, when, the result that it made, and behind a tab what happened (JSON).
local function outbox_item(id, now_ms, result, history)
  return id .. ' ' .. int(now_ms) .. ' ' .. result .. (history ~= '' and '\t' .. history or '')
end
