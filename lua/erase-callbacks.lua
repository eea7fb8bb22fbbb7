#!lua flags=allow-oom
-- Erases a recipient from undelivered callbacks, a page at a time. Events of messages to the recipient keep only how the message ended; webhooks
-- to relay that name the recipient are removed.
--
-- Keys:
--   callbacks          hash  subject -> tries and events
--   callbacks-due      zset  subject without a failed try -> ms
--   callbacks-retries  zset  subject with a failed try -> ms
--   callbacks-since    zset  subject -> ms of its first event
--   callbacks-dead     list  dead letters: events that were given up
--
-- Arguments:
--   recipient  text   canonical
--   names      text   spellings of the recipient as JSON strings, one per line; a webhook about the recipient contains one
--   cursor     text   from the previous page; 0 to begin
--   limit      count  of subjects scanned, approximate
--
-- Returns:
--   page  cursor, count   the next page's cursor or 0, and events erased
--- @include numbers
--- @include callback

local count = 0
local function is_named(text)
  for name in string.gmatch(arg.names, '[^\n]+') do
    if string.find(text, name, 1, true) then return true end
  end
end
-- The part of an event that may stay; nil for nothing.
local function cleaned(subject, event)
  local is_about = is_relayed(subject) and is_named(event) or recipient_of(event) == arg.recipient
  if not is_about then return event end
  count = count + 1
  return not is_relayed(subject) and bare_event(event) or nil
end

local page = redis.call('HSCAN', key.callbacks, arg.cursor, 'COUNT', arg.limit)
for i = 1, #page[2], 2 do
  local subject, text = page[2][i], page[2][i + 1]
  local tries, event, rest = first_event(subject, text)
  local left = { int(tries), cleaned(subject, event) }
  for line in string.gmatch(rest, '[^\n]+') do left[#left + 1] = cleaned(subject, line) end
  if #left == 1 then
    redis.call('HDEL', key.callbacks, subject)
    redis.call('ZREM', key.callbacks_due, subject)
    redis.call('ZREM', key.callbacks_retries, subject)
    redis.call('ZREM', key.callbacks_since, subject)
  elseif table.concat(left, '\n') ~= text then
    redis.call('HSET', key.callbacks, subject, table.concat(left, '\n'))
  end
end
if arg.cursor == '0' then
  local dead = redis.call('LRANGE', key.callbacks_dead, 0, -1)
  for i, item in ipairs(dead) do
    local subject, event = string.match(item, '^(%S+) (.*)$')
    local left = cleaned(subject, event)
    redis.call('LSET', key.callbacks_dead, i - 1, left and subject .. ' ' .. left or '')
  end
  redis.call('LREM', key.callbacks_dead, 0, '')
end
return { 'page', page[1], count }
