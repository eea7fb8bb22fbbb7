-- Writes what new messages are found by into this hour's look-up index (decision 0107). `accepted` has the messages in the order of their
-- acceptance; the number of a message is its place there. An entry `term:number` of `index` joins the list of a prefix of its term, so that most
-- entries take only their own bytes. A term that many messages have gets a chain: their numbers, without the term. Writes.

-- Messages of this call that can be found, by digest and the end of the generation, and their terms, separated by spaces.
local new_messages, new_terms = {}, {}

-- Called last, if there are any. What several of them need is read and written once. The first messages of an hour set its TTL; erase-entries.lua
-- leaves empty lists, so that it stays.
local function write_index()
  local count, lists = #new_messages, {}
  local before = redis.call('RPUSH', key.accepted, unpack(new_messages)) - count
  -- A digit more as soon as half of the lists with one less are full, with the recipient and the provider's id of each message.
  local digits = #string.format('%x', before / 8)
  for i = 1, count do
    local number = string.format('%06x', before + i - 1)
    for term in string.gmatch(new_terms[i], '%S+') do
      local entry, is_listed = term .. ':' .. number, false
      -- One that begins with `+` has a chain in any case.
      for length = digits, string.byte(term) == 43 and 0 or digits + 2 do
        local prefix = string.sub(entry, 1, length)
        local list = lists[prefix]
        if list == nil then list = redis.call('HGET', key.index, prefix) or '' end
        -- A full list fits into 1 KiB of memory.
        if #list + #entry < 1018 then
          list, is_listed = list == '' and entry or list .. ' ' .. entry, true
          if count == 1 then redis.call('HSET', key.index, prefix, list) else lists[prefix] = list end
          break
        end
      end
      if not is_listed then
        --- @include index_chain
        join_chain(lists, string.match(term, '%x+'), number)
      end
    end
  end
  local changes = {}
  for field, list in pairs(lists) do
    changes[#changes + 1] = field
    changes[#changes + 1] = list
  end
  if #changes > 0 then redis.call('HSET', key.index, unpack(changes)) end
  if before == 0 then
    redis.call('EXPIRE', key.accepted, arg.findS)
    redis.call('EXPIRE', key.index, arg.findS)
  end
end
