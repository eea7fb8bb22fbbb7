#!lua flags=allow-oom
-- Creates, pauses, resumes or cancels a campaign at one sender. While it is paused or cancelled, none of its messages is granted, and those at the
-- head of a queue wait outside of it. A cancelled campaign stays so.
--
-- Keys:
--   sender     hash  rules and state
--   campaigns  hash  campaign, or `~` and a caller -> counts of its messages
--   templates  hash  templates, and `#` and campaigns, that are not sent now
--   suspended  zset  `group:number:id` of messages that wait outside of their queues
--
-- Arguments:
--   now       µs    empty for Redis's clock
--   campaign  text  its name
--   state     word  paused; running, which also creates it; or cancelled
--
-- Returns:
--   written    had?   whether it was there
--   cancelled  -      it is cancelled already, and nothing has changed
--- @include clock
--- @include template
--- @include counts

local now = clock()
local now_ms = math.floor(now / 1000)
local name, state, group = arg.campaign, arg.state, '#' .. arg.campaign
local text = redis.call('HGET', key.campaigns, name)
local words = text and read_counts(text) or new_counts(state, now_ms)
if text and words[1] == 'cancelled' then return { 'cancelled' } end
if state ~= 'running' then
  mark_template(group, state, 0, '-', name, now)
elseif redis.call('ZLEXCOUNT', key.suspended, '[' .. group .. ':', '(' .. group .. ';') == 0 then
  redis.call('HDEL', key.templates, group)
elseif words[1] == 'paused' then
  mark_template(group, 'releasing', 0, '0', name, now)
end
words[1] = state
redis.call('HSET', key.campaigns, name, table.concat(words, ' '))
return { 'written', text and 1 or 0 }
