#!lua
-- Adds what a node has seen of a sender within some seconds to the counts of its hour, and new messages to the list of its newest ones. Both are
-- for people to read: what a node has not written yet is lost with it.
--
-- Keys:
--   activity  hash  name, and minute and name -> count
--   latest    list  ids of the newest messages, the newest first
--
-- Arguments:
--   now          µs     empty for Redis's clock
--   counts       text   `<name> <count>` of each, in one line
--   ids          text   of new messages, the oldest first, in one line
--   most         count  ids that the list keeps
--   countsLifeS  s      life of the counts
--   idsLifeS     s      life of the list
--
-- Returns:
--   counted  -
--- @include clock

local minute = int(math.floor(clock() / 60000000))
for name, count in string.gmatch(arg.counts, '(%a+) (%d+)') do
  redis.call('HINCRBY', key.activity, name, count)
  redis.call('HINCRBY', key.activity, minute .. ' ' .. name, count)
end
if arg.counts ~= '' then redis.call('EXPIRE', key.activity, int(arg.countsLifeS)) end
if arg.ids ~= '' then
  for id in string.gmatch(arg.ids, '%S+') do redis.call('LPUSH', key.latest, id) end
  redis.call('LTRIM', key.latest, 0, arg.most - 1)
  redis.call('EXPIRE', key.latest, int(arg.idsLifeS))
end
return { 'counted' }
