-- The entries of `grants`, one text per recipient. Reads only.

local function write_grant(id, attempt, lease_end, holder, granted_at, tat_before, ready_at)
  return string.format('%s %d %d %s %d %d %d', id, attempt, lease_end, holder, granted_at, tat_before, ready_at)
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
