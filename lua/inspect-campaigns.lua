#!lua flags=allow-oom
-- The campaigns of one sender, or one of them, and how many of their messages are in flight.
--
-- Keys:
--   campaigns  hash  campaign -> counts of its messages
--   grants     hash  recipient -> grant
--   backlog    hash  id -> record of an unsettled message
--
-- Arguments:
--   now       µs    empty for Redis's clock
--   campaign  text  its name; empty for all
--
-- Returns:
--   campaigns  nowMs, found[]
--   found[]    name, entry, inFlight
--- @include clock
--- @include record
--- @include grant
--- @include campaign

local one = arg.campaign ~= '' and redis.call('HGET', key.campaigns, arg.campaign)
local entries = one and { arg.campaign, one } or arg.campaign == '' and redis.call('HGETALL', key.campaigns) or {}
local in_flight = {}
for _, text in ipairs(#entries > 0 and redis.call('HVALS', key.grants) or {}) do
  local grant = read_grant(text)
  -- A message that a receipt has settled while it was in flight has ended.
  local stored = grant and redis.call('HGET', key.backlog, grant.id)
  local record = stored and read_record(stored)
  local name = record and campaign_of(record.template)
  if name then in_flight[name] = (in_flight[name] or 0) + 1 end
end
local found = {}
for i = 1, #entries, 2 do found[#found + 1] = { entries[i], entries[i + 1], in_flight[entries[i]] or 0 } end
return { 'campaigns', math.floor(clock() / 1000), found }
