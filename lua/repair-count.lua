#!lua flags=allow-oom
-- Corrects how many messages a campaign or a caller has accepted, if its counts have not changed since they were compared with the messages.
--
-- Keys:
--   campaigns  hash  campaign, or `~` and a caller -> counts of its messages
--
-- Arguments:
--   now        µs     empty for Redis's clock
--   name       text   campaign, or `~` and a caller
--   entry      text   its counts as they were compared; empty for none
--   unsettled  count  messages that have not ended
--
-- Returns:
--   repaired  -
--   gone      -  the counts have changed since
--- @include clock
--- @include counts

if (redis.call('HGET', key.campaigns, arg.name) or '') ~= arg.entry then return { 'gone' } end
local words = arg.entry ~= '' and read_counts(arg.entry) or new_counts('running', math.floor(clock() / 1000))
add_to(words, 4, arg.unsettled - unsettled_of(words))
redis.call('HSET', key.campaigns, arg.name, table.concat(words, ' '))
return { 'repaired' }
