#!lua flags=allow-oom
-- Forgets of what is still to be told, a page at a time, whom it is about: events of messages to a recipient stay and say
-- no more than how the message ended; what is relayed and names the recipient goes.
--
-- KEYS[1]   callbacks        hash  subject -> tries and events
-- KEYS[2]   callbacks-due    zset  subject -> ms
-- KEYS[3]   callbacks-since  zset  subject -> ms of its first event
-- KEYS[4]   callbacks-dead   list  events that were given up
--
-- ARGV[1]   recipient  text   canonical
-- ARGV[2]   names      JSON   array of texts, one of which stands in what is relayed about it
-- ARGV[3]   cursor     count  where the page before ended; 0 to begin
-- ARGV[4]   limit      count  of subjects looked at, about
--
-- Returns:
--   {cursor of the next page or 0, events forgotten}
--- @include clock
--- @include callback
local callbacks, due, since, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local recipient, names, cursor, limit = ARGV[1], cjson.decode(ARGV[2]), ARGV[3], ARGV[4]

local count = 0
local function is_named(text)
  for _, name in ipairs(names) do
    if string.find(text, name, 1, true) then return true end
  end
end
-- The event as it may stay; nil where nothing of it may.
local function cleaned(subject, event)
  local is_about = is_relayed(subject) and is_named(event) or recipient_of(event) == recipient
  if not is_about then return event end
  count = count + 1
  return not is_relayed(subject) and bare_event(event) or nil
end

local page = redis.call('HSCAN', callbacks, cursor, 'COUNT', limit)
for i = 1, #page[2], 2 do
  local subject, text = page[2][i], page[2][i + 1]
  local tries, event, rest = first_event(subject, text)
  local left = { int(tries), cleaned(subject, event) }
  for line in string.gmatch(rest, '[^\n]+') do left[#left + 1] = cleaned(subject, line) end
  if #left == 1 then
    redis.call('HDEL', callbacks, subject)
    redis.call('ZREM', due, subject)
    redis.call('ZREM', since, subject)
  elseif table.concat(left, '\n') ~= text then
    redis.call('HSET', callbacks, subject, table.concat(left, '\n'))
  end
end
if cursor == '0' then
  local kept = redis.call('LRANGE', dead, 0, -1)
  for i, item in ipairs(kept) do
    local subject, event = string.match(item, '^(%S+) (.*)$')
    local left = cleaned(subject, event)
    redis.call('LSET', dead, i - 1, left and subject .. ' ' .. left or '')
  end
  redis.call('LREM', dead, 0, '')
end
return { page[1], count }
