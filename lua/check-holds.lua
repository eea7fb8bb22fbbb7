#!lua flags=allow-oom,no-writes
-- Finds contradictions in what is stored of holds: templates, campaigns and rates that messages wait for. Writes nothing.
--
-- Keys:
--   sender           hash  rules and state
--   templates        hash  group -> why its messages are not sent now
--   suspended        zset  `group:number:id` of messages that wait outside of their queues
--   campaign-starts  zset  campaign, or group of a rate -> when the next of its messages are released, µs
--
-- Arguments:
--   now    µs    empty for Redis's clock
-- Arguments per message:
--   group  text  as in `suspended`
--
-- Returns: for each group
--   checked  kinds   names of include/diagnose_hold.lua, separated by spaces
--   error    text     of the script itself
--- @include batch
--- @include clock
--- @include diagnose_hold
--- @include kind_list

local now, limits = clock(), redis.call('HGET', key.sender, 'limits')
return reply_each(#messages, function(m)
  local message = messages[m]
  return { 'checked', kind_list(diagnose_hold(message.group, limits, now)) }
end)
