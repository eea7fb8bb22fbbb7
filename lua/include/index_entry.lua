-- Adds an entry `term:reference` to this hour's look-up index: a message by the provider's id, which is known after it was accepted. The lists are
-- those of lookup_index.lua. Writes.
local fields

local function index_entry(entry)
  fields = fields or redis.call('HLEN', key.index)
  -- A digit more as soon as half of the lists with one less are full.
  local digits = #string.format('%x', fields * 2 / 3)
  for length = digits, digits + 2 do
    local prefix = string.sub(entry, 1, length)
    local list = redis.call('HGET', key.index, prefix) or ''
    if #list + #entry < 1018 then
      redis.call('HSET', key.index, prefix, list == '' and entry or list .. ' ' .. entry)
      break
    end
  end
  -- The first entry of an hour sets the TTL. Of a few hundred messages with one id in an hour the rest is not found.
  if fields == 0 then
    redis.call('EXPIRE', key.index, arg.findS)
    fields = 1
  end
end
