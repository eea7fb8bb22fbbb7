--- @include numbers
-- The compact result that replaces a settled message's record: letter, generation, fingerprint, when (ms after the admission), attempts with the
-- receipts since (`2:d<ms>:r<ms>`), recipient, then the suffix `~?caller(@campaign?(@template)?)? providerMessageId [metadata]`; `~`: counted.

-- The generation in an id: behind the 22 characters of the digest.
local function generation_of(id)
  return string.sub(id, 24)
end

-- When a message was settled, ms, by its generation and the number of its result: a moment in results of layout 2.
local function settled_at(generation, number)
  local ms = tonumber(number)
  return ms and ms < 1e12 and ms + tonumber(generation, 16) or ms
end

-- Marks the key of a message that is unsettled again, unless a younger message has used the key. `known`: the key's value, whose fingerprint stays;
-- 0 stands for a lost one. Writes.
local function mark_unsettled(msg, id, known)
  local owner, fingerprint = string.match(known or '', '^%a (%x+) (%x+)')
  if not owner or owner == generation_of(id) then redis.call('SET', msg, 'w ' .. generation_of(id) .. ' ' .. (fingerprint or '0')) end
end

-- How long a result is kept at least, ms: a minute, and where statuses of a sent message may arrive, a day. Its key may be used again before
-- (repeat_of.lua).
local LEAST_LIFE, REPORTED_LIFE = 60000, 86400000

-- A new result and its life in ms. No life if the key has been used again: `known` then belongs to a younger message, and this one leaves no
-- result.
local function new_result(letter, id, known, now_ms, record, suffix, is_reported)
  local generation = generation_of(id)
  local owner, fingerprint = string.match(known or '', '^%a (%x+) (%x+)')
  local is_other = owner and owner ~= generation
  local took = math.max(0, now_ms - tonumber(generation, 16))
  local result = letter .. ' ' .. generation .. ' ' .. (is_other and '0' or fingerprint or '0') .. ' ' .. int(took) .. ' ' .. record.attempts
    .. ' ' .. record.recipient .. ' ' .. suffix
  return result, not is_other and int(math.max(is_reported and REPORTED_LIFE or LEAST_LIFE, record.keep - now_ms)) or nil
end
