--- @include numbers
-- Who has to react to a new ready time, in µs (nil or math.huge: there is none):
--   ''         no reaction is needed
--   'enqueue'  a drain job must be added
--   'notify'   the drain run sleeps past it and must be woken
--   'defer'    no drain run is needed yet, since it is more than 5 s away or the sender is blocked: recovery will add a job in time
-- Updates the drain lease, so that only one caller adds a job, and only one notifies the drain run. Writes.
local function wake_hint(ready_at, now, is_blocked)
  if not ready_at or ready_at == math.huge then return '' end
  local lease = redis.call('GET', key.drain_lease)
  if not lease and (is_blocked or ready_at > now + 5000000) then return 'defer' end
  if not lease then
    redis.call('SET', key.drain_lease, 'requested', 'PX', '2000')
    return 'enqueue'
  end
  local run, wakes_at = string.match(lease, '^(%S+) (%d+)$')
  if not wakes_at or ready_at >= tonumber(wakes_at) or is_blocked then return '' end
  redis.call('SET', key.drain_lease, run .. ' ' .. int(ready_at), 'KEEPTTL')
  return 'notify'
end
