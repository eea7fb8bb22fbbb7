--- @include numbers
-- The entries of `grants`, one text per recipient. Reads only.

-- `lease_end` is a text.
local function format_grant(id, attempt, lease_end, holder, granted_at, tat_before, ready_at)
  local granted = int(granted_at)
  return id .. ' ' .. attempt .. ' ' .. lease_end .. ' ' .. holder .. ' ' .. granted .. ' ' .. int(tat_before) .. ' '
    .. (ready_at == granted_at and granted or int(ready_at))
end

local function read_grant(text)
  local id, attempt, lease_end, holder, granted_at, tat_before, ready_at =
    string.match(text or '', '^(%S+) (%d+) (%d+) (%S+) (%d+) (%d+) (%d+)$')
  if not id then return nil end
  return {
    id = id, attempt = tonumber(attempt), lease_end = tonumber(lease_end), holder = holder,
    granted_at = tonumber(granted_at), tat_before = tonumber(tat_before), ready_at = tonumber(ready_at)
  }
end

local function grant_of(recipient)
  return read_grant(redis.call('HGET', key.grants, recipient))
end
