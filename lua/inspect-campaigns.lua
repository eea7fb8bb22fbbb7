#!lua flags=allow-oom
-- The campaigns of one sender, or one of them, and how many of their messages are in flight.
--
-- Keys:
--   campaigns  hash  campaign, or `~` and a caller -> counts of its messages
--   templates  hash  templates, and `#` and campaigns, that are not sent now
--   grants     hash  recipient -> grant
--   backlog    hash  id -> record of an unsettled message
--
-- Arguments:
--   now       µs    empty for Redis's clock
--   campaign  text  its name; empty for all
--
-- Returns:
--   campaigns  nowMs, found[]
--   found[]    name, entry, inFlight, plan     plan: messages in a second, start, end (ms) and lane, 0 for none; empty without one
--- @include clock
--- @include in_flight
--- @include counts
--- @include template

local one = arg.campaign ~= '' and redis.call('HGET', key.campaigns, arg.campaign)
local entries = one and { arg.campaign, one } or arg.campaign == '' and redis.call('HGETALL', key.campaigns) or {}
local found, in_flight = {}, nil
for i = 1, #entries, 2 do
  -- The others are of callers.
  if string.sub(entries[i], 1, 1) ~= '~' then
    in_flight = in_flight or count_in_flight(function(record) return campaign_of(record.template) end)
    local entry = read_template(redis.call('HGET', key.templates, '#' .. entries[i]))
    found[#found + 1] = { entries[i], entries[i + 1], in_flight[entries[i]] or 0, entry and string.match(entry.name, ' (.+)$') or '' }
  end
end
return { 'campaigns', math.floor(clock() / 1000), found }
