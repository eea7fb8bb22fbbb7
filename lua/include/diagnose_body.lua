-- Contradictions between callbacks or parked statuses and their due times. No script leaves one. Reads only.

-- `name`: the subject of callbacks, or a parked status. Returns the kinds as a set.
local function diagnose_body(name)
  local function has(zset) return redis.call('ZSCORE', zset, name) and true or false end
  local kinds = {}
  local has_events, has_status = redis.call('HEXISTS', key.callbacks, name) == 1, redis.call('HEXISTS', key.parked_bodies, name) == 1
  -- The first try is due in one set, and any other in the second: a callback in both would be sent twice at once.
  local is_due, is_retry, is_dated = has(key.callbacks_due), has(key.callbacks_retries), has(key.callbacks_since)
  if has_events and not ((is_due or is_retry) and is_dated) then kinds.callback_without_due = true end
  if has_events and is_due and is_retry then kinds.callback_due_twice = true end
  if not has_events and (is_due or is_retry or is_dated) then kinds.due_without_callback = true end
  if has_status and not has(key.parked) then kinds.status_without_due = true end
  if has(key.parked) and not has_status then kinds.due_without_status = true end
  return kinds
end
