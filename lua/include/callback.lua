-- The undelivered callbacks of one subject: a message (its id), or a webhook to relay (`in:` and a hash of it).
-- Stored as `<tries of the first event>\n<event>\n<event>`; an event begins with its moment in ms. An event that is relayed is
-- alone, and may have line breaks of its own. Reads only.

local function is_relayed(subject)
  return string.sub(subject, 1, 3) == 'in:'
end

-- Tries of the first event, the event, and the later events ('' for none); nil without any.
local function first_event(subject, text)
  local tries, events = string.match(text or '', '^(%d+)\n(.*)$')
  if not tries then return nil end
  if is_relayed(subject) then return tonumber(tries), events, '' end
  local first, rest = string.match(events, '^([^\n]*)\n?(.*)$')
  return tonumber(tries), first, rest
end

-- When an event happened, ms.
local function moment_of(event)
  return tonumber(string.match(event, '^%d+'))
end

-- An event of a message without its recipient and content.
local function bare_event(event)
  local head, at, caller = string.match(event, '^(%d+ %a %x+) %x+ (%d+ %d+)%S* %S+ (%S+) ')
  return head .. ' 0 ' .. at .. ' - ' .. caller .. ' -'
end

-- The recipient of the message that an event is about.
local function recipient_of(event)
  return string.match(event, '^%d+ %a %x+ %x+ %d+ %S+ (%S+) ')
end
