#!lua flags=allow-oom
-- Makes recovery schedule and list of senders agree about one sender: a listed one is scheduled for now, any other is removed.
--
-- Keys:
--   recovery-schedule  zset  sender -> when recovery checks it next, ms
--   senders            hash  all senders
--
-- Arguments:
--   name  text  the sender
--
-- Returns:
--   repaired  -
--   gone      -   both agree
local is_listed = redis.call('HEXISTS', key.senders, arg.name) == 1
local is_scheduled = redis.call('ZSCORE', key.recovery_schedule, arg.name)
if is_listed and not is_scheduled then
  redis.call('ZADD', key.recovery_schedule, 0, arg.name)
elseif is_scheduled and not is_listed then
  redis.call('ZREM', key.recovery_schedule, arg.name)
else
  return { 'gone' }
end
return { 'repaired' }
