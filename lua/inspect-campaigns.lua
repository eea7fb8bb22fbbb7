#!lua flags=allow-oom
-- A page of the campaigns of one sender, or one of them, and how many of their messages are in flight.
--
-- Keys:
--   campaigns  hash  campaign, or `~` and a caller -> counts of its messages
--   templates  hash  templates, and `#` and campaigns, that are not sent now
--   grants     hash  recipient -> grant
--   backlog    hash  id -> record of an unsettled message
--
-- Arguments:
--   now       µs     empty for Redis's clock
--   campaign  text   its name; empty for all whose names begin with `prefix`
--   prefix    text   empty for all
--   cursor    text   from the previous page; empty to begin
--   limit     count  of entries scanned, approximate
--
-- Returns:
--   campaigns  nowMs, cursor, found[]         the next page's cursor or 0; a page may repeat what another had
--   found[]    name, entry, inFlight, plan, isOverdue?
-- plan: messages in a second, start, end (ms) and lane, 0 for none; empty without one. isOverdue: its end has passed, and messages of it wait.
--- @include clock
--- @include in_flight
--- @include counts
--- @include campaign_plan

local now = clock()
local one = arg.campaign ~= '' and redis.call('HGET', key.campaigns, arg.campaign)
local cursor, entries, found, in_flight = '0', one and { arg.campaign, one } or {}, {}, nil
if arg.campaign == '' then
  local page = redis.call('HSCAN', key.campaigns, arg.cursor ~= '' and arg.cursor or '0', 'MATCH', arg.prefix .. '*', 'COUNT', arg.limit)
  cursor, entries = page[1], page[2]
end
for i = 1, #entries, 2 do
  -- The others are of callers.
  if string.sub(entries[i], 1, 1) ~= '~' then
    in_flight = in_flight or count_in_flight(function(record) return campaign_of(record.template) end)
    local entry = read_template(redis.call('HGET', key.templates, '#' .. entries[i]))
    local plan, flying = read_plan(entry), in_flight[entries[i]] or 0
    local is_overdue = plan and plan.end_us <= now and unsettled_of(read_counts(entries[i + 1])) > flying
    found[#found + 1] = { entries[i], entries[i + 1], flying, entry and string.match(entry.name, ' (.+)$') or '', is_overdue and 1 or 0 }
  end
end
return { 'campaigns', math.floor(now / 1000), cursor, found }
