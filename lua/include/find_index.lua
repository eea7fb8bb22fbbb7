--- @include batch
-- Adds entries to this hour's look-up index; the first call sets its TTL. Writes.
local function index_terms(entries)
  local added = write_all('ZADD', key.recent, entries)
  if added and added == redis.call('ZCARD', key.recent) then redis.call('EXPIRE', key.recent, arg.findS) end
end
