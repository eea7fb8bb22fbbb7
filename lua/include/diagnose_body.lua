-- Contradictions between callbacks or parked statuses and their due times. No script leaves one. Reads only.

-- `name`: the subject of callbacks, or a parked status. Returns the faults as a set.
local function diagnose_body(name)
  local function has(zset) return redis.call('ZSCORE', zset, name) and true or false end
  local faults = {}
  local has_events, has_status = redis.call('HEXISTS', key.callbacks, name) == 1, redis.call('HEXISTS', key.parked_bodies, name) == 1
  if has_events and not (has(key.callbacks_due) and has(key.callbacks_since)) then faults.callback_without_due = true end
  if not has_events and (has(key.callbacks_due) or has(key.callbacks_since)) then faults.due_without_callback = true end
  if has_status and not has(key.parked) then faults.status_without_due = true end
  if has(key.parked) and not has_status then faults.due_without_status = true end
  return faults
end
