#!lua flags=allow-oom
-- Repairs one contradiction in what is stored of a hold, if it is still there.
--
-- Keys:
--   sender           hash  rules and state
--   templates        hash  group -> why its messages are not sent now
--   suspended        zset  `group:number:id` of messages that wait outside of their queues
--   campaign-starts  zset  campaign, or group of a rate -> when the next of its messages are released, µs
--
-- Arguments:
--   now    µs    empty for Redis's clock
--   group  text  as in `suspended`
--   kind   word  a name of include/diagnose_hold.lua
--
-- Returns:
--   repaired  -
--   gone      -     the contradiction is no longer there
--   left      why   it cannot be repaired safely
--- @include clock
--- @include limits
--- @include diagnose_hold

local group, now = arg.group, clock()
local kinds, entry, plan = diagnose_hold(group, redis.call('HGET', key.sender, 'limits'), now)
if not kinds[arg.kind] then return { 'gone' } end
if arg.kind == 'hold_unreadable' then
  -- The next read writes the status of a template again, and the next rejection a stop. Only the operator knows what a campaign had.
  if string.sub(group, 1, 1) == '#' then return { 'left', 'its pause or plan is lost: pause it, or write its plan again' } end
  redis.call('HDEL', key.templates, group)
elseif arg.kind == 'hold_without_word' then
  for _, word in ipairs(words_of_hold(group, entry)) do set_limit(word, true) end
elseif arg.kind == 'plan_late' then
  mark_template(group, 'planned', 0, int(now + plan.interval), entry.name, now)
else
  redis.call('ZADD', key.campaign_starts, int(now), start_of(group))
end
return { 'repaired' }
