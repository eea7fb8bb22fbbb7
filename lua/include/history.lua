--- @include numbers
-- The history of a message, at the end of its record.

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
-- `lease=<holder>` (it expired), `expired`, `cancelled`, `reopened`,
-- `outage` (WhatsApp was down, and the attempt uses up no step of the retry schedule).
local function append_history(record, now_ms, json, tag)
  local entries, at = 0, 0
  repeat
    entries, at = entries + 1, string.find(record.body, '\n', at + 1, true)
  until not at
  record.body = record.body .. '\n' .. int(now_ms) .. (tag and ':' .. tag or '') .. ' ' .. json
  if entries > HISTORY then record.body = without_oldest(record.body) end
end
