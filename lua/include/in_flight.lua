--- @include grant
--- @include record
-- How many messages are in flight, by a name that `name_of` makes of their records; those of which it makes none are left out. Reads only.
local function count_in_flight(name_of)
  local counts = {}
  for _, text in ipairs(redis.call('HVALS', key.grants)) do
    local grant = read_grant(text)
    -- A message that a receipt has settled while it was in flight has ended.
    local stored = grant and redis.call('HGET', key.backlog, grant.id)
    local record = stored and read_record(stored)
    local name = record and name_of(record)
    if name then counts[name] = (counts[name] or 0) + 1 end
  end
  return counts
end
