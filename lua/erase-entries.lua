#!lua flags=allow-oom
-- Removes the entries of a term from the look-up index of one hour: those of one message, or all. The messages of all entries leave the index.
--
-- Keys:
--   index     hash  this hour's look-up index, prefix of a term -> entries `term:reference`
--   accepted  list  messages of this hour in their order
--
-- Arguments:
--   term       hex   hashed
--   reference  text  number of the message, or the digest of one that the provider's id finds; empty for all messages
--
-- Returns:
--   erased  count   entries
--- @include numbers

local wanted, count = arg.term .. ':' .. arg.reference, 0
local function leave_index(number)
  local place = arg.reference == '' and tonumber(number, 16)
  if place then redis.pcall('LSET', key.accepted, int(place), '-') end
end

for length = 1, #arg.term do
  local prefix = string.sub(arg.term, 1, length)
  local kept, before = {}, count
  for entry in string.gmatch(redis.call('HGET', key.index, prefix) or '', '%S+') do
    if string.sub(entry, 1, #wanted) == wanted then
      count = count + 1
      leave_index(string.sub(entry, #arg.term + 2))
    else
      kept[#kept + 1] = entry
    end
  end
  -- An empty list stays, so that the key keeps its TTL.
  if count > before then redis.call('HSET', key.index, prefix, table.concat(kept, ' ')) end
end
-- A chain names no message: those of other terms end with their messages.
if arg.reference == '' then
  local field = '+' .. arg.term
  for full = tonumber(redis.call('HGET', key.index, field .. '.') or 0), 0, -1 do
    local chunk = full > 0 and field .. '.' .. int(full) or field
    for number in string.gmatch(redis.call('HGET', key.index, chunk) or '', '%x%x%x%x%x%x') do
      count = count + 1
      leave_index(number)
    end
    redis.call('HDEL', key.index, chunk)
  end
  redis.call('HDEL', key.index, field .. '.')
end
return { 'erased', count }
