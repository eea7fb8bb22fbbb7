--- @include numbers
-- The bucket of the sender rate: its TAT in µs, and the number of granted slots.

local function read_sender_tat()
  local text = redis.call('GET', key.sender_tat) or '0 0'
  local space = string.find(text, ' ', 1, true)
  return tonumber(string.sub(text, 1, space - 1)), tonumber(string.sub(text, space + 1))
end

-- Writes.
local function write_sender_tat(tat, slots)
  redis.call('SET', key.sender_tat, int(tat) .. ' ' .. slots)
end
