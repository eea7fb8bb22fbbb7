#!lua flags=allow-oom
-- Begins or ends the check of windows for a sender, by the settings of a start. Messages that wait for a person return to their queues by
-- release-suspended.lua once nothing is checked.
--
-- Keys:
--   sender   hash  rules and state
--   windows  zset  recipient -> last act, ms
--
-- Arguments:
--   gapMs  ms  longest silence of webhooks that is not taken for a loss; empty to check nothing
--
-- Returns:
--   written  -
--- @include numbers
--- @include limits

if arg.gapMs then
  redis.call('HSET', key.sender, 'windowGapMs', int(arg.gapMs))
else
  redis.call('HDEL', key.sender, 'windowGapMs', 'windows')
  redis.call('UNLINK', key.windows)
end
set_limit('windows', arg.gapMs)
return { 'written' }
