-- Adds entries to this hour's look-up index (docs/decisions/0095). An entry joins the list of a prefix of its term, so that most entries take only
-- their own bytes. The prefixes get longer with the number of lists. What finds three full lists, as a term that many messages have, goes to the
-- sorted set. Writes.

-- A full list fits into 1 KiB of memory.
local LIST_BYTES = 1018
local lists, overflow = nil, 0

-- `entry`: `term:generation.digest`.
local function index_entry(entry)
  lists = lists or redis.call('HLEN', key.index)
  -- A digit more as soon as half of the lists with one less are full.
  local digits = #string.format('%x', lists * 2 / 3)
  for length = digits, digits + 2 do
    local prefix = string.sub(entry, 1, length)
    local list = redis.call('HGET', key.index, prefix)
    if not list or #list + #entry < LIST_BYTES then
      redis.call('HSET', key.index, prefix, list and list .. ' ' .. entry or entry)
      return
    end
  end
  overflow = overflow + redis.call('ZADD', key.recent, '0', entry)
end

-- Adds the entries of a new message: one for each of its terms, which are separated by spaces. The generation stands first, so that the entries of a
-- term are in the order of admission.
local function index_message(terms, generation, digest)
  for term in string.gmatch(terms, '%S+') do index_entry(term .. ':' .. generation .. '.' .. digest) end
end

-- The first entries of a key set its TTL.
local function set_index_life()
  if lists == 0 then redis.call('EXPIRE', key.index, arg.findS) end
  if overflow > 0 and overflow == redis.call('ZCARD', key.recent) then redis.call('EXPIRE', key.recent, arg.findS) end
end
