-- The end of a drain run. Writes.

-- Releases the lease, or requests another drain run if there is something to claim soon. Returns the reply of claim.lua.
local function end_run(next_at, now)
  if next_at > now + 5000000 then
    redis.call('DEL', key.drain_lease)
    return { 'ended', '' }
  end
  redis.call('SET', key.drain_lease, 'requested', 'PX', '2000')
  return { 'ended', 'enqueue' }
end
