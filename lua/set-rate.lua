#!lua flags=allow-oom
-- Writes the rate of one template or of one category at a sender, or removes it. Messages that wait for a rate that is removed return to their
-- queues by release-suspended.lua, which the caller calls.
--
-- Keys:
--   sender           hash    rules and state
--   templates        hash    templates, and `#` and campaigns, and `%` and those with a rate, that are not sent at once
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   campaign-starts  zset    campaign, or group of a rate -> when the next of its messages are released, µs
--   drain-lease      string  the drain run of this sender
--
-- Arguments:
--   now        µs     empty for Redis's clock
--   template   text   its name; empty for the rate of a category
--   language   text   code of its language; empty for the rate of a category
--   category   word   empty for the rate of a template
--   perSecond  text   messages that start in a second; 0 removes the rate
--   most       count  rates that the sender may have
--
-- Returns:
--   written    wakeHint
--   unchanged  -         it has this rate already, or there is none to remove
--   full       -         the sender has as many rates as it may have
--- @include clock
--- @include rate
--- @include sender
--- @include wake_hint

local now = clock()
local group, name = '%c' .. arg.category, arg.category
if arg.template ~= '' then
  group, name = '%t' .. hash_of_template(arg.template, arg.language), arg.template .. ' ' .. spell_language(arg.language)
end
local entry = read_template(redis.call('HGET', key.templates, group))
local former = entry and entry.state == 'planned' and read_plan(entry)
if (former and former.per_second or '0') == arg.perSecond then return { 'unchanged' } end
local is_waiting, first_at = redis.call('ZLEXCOUNT', key.suspended, '[' .. group .. ':', '(' .. group .. ';') > 0, math.huge
if arg.perSecond == '0' then
  if is_waiting then mark_template(group, 'releasing', 0, '0', name, now) else redis.call('HDEL', key.templates, group) end
else
  local count = 0
  for _, other in ipairs(redis.call('HKEYS', key.templates)) do
    if string.sub(other, 1, 1) == '%' and other ~= group then count = count + 1 end
  end
  if count >= arg.most then return { 'full' } end
  local described = string.format('%s %s 0 0 0', name, arg.perSecond)
  -- When its last message started is not known, so the first one follows after an interval.
  local first = now + read_plan({ name = described }).interval
  mark_template(group, 'planned', 0, int(first), described, now)
  set_limit('plans', true)
  set_limit('rates', true)
  if is_waiting then first_at = first end
end
if first_at < math.huge then redis.call('ZADD', key.campaign_starts, int(first_at), group) else redis.call('ZREM', key.campaign_starts, group) end
local sender = read_sender()
return { 'written', sender and wake_hint(first_at, now, blocked(sender, now)) or '' }
