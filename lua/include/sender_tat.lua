--- @include numbers
-- The bucket of the sender rate: its TAT in µs, and the number of granted slots.

local function read_sender_tat()
  local tat, slots = string.match(redis.call('GET', key.sender_tat) or '0 0', '^(%d+) (%d+)$')
  return tonumber(tat), tonumber(slots)
end

-- Writes.
local function write_sender_tat(tat, slots)
  redis.call('SET', key.sender_tat, int(tat) .. ' ' .. int(slots))
end
