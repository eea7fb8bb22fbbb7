--- @include sender
-- Detects that Redis was restarted, or a replica was promoted, since the last grant. The last TATs may be lost, so nothing is granted until they
-- have passed in any case.

-- Starts the cool-down of `sender` where the replication id is another one, and writes both. A replication id identifies one history of the data.
-- The script reads it itself, since a command may be redirected. A test passes one. Call it only before a grant: INFO is the dearest read of all.
-- Writes.
local function cool_after_restart(sender, now)
  if sender.is_run_known then return end
  sender.is_run_known = true
  local info = arg.runId ~= '' and 'master_replid:' .. arg.runId .. '\r' or redis.call('INFO', 'replication')
  local last = sender.run_id
  if last == nil then last = redis.call('HGET', key.sender, 'runId') end
  if last and string.find(info, 'master_replid:' .. last .. '\r', 1, true) then return end
  if last then
    -- What people wrote in the last moments may be lost, too (include/window.lua).
    redis.call('HDEL', key.sender, 'windows')
    sender.cool_until = math.max(sender.cool_until, now + sender.pair_rate.burst * sender.pair_rate.interval + 1000000)
  end
  redis.call('HSET', key.sender, 'runId', string.match(info, 'master_replid:(%w+)'), 'coolUntil', sender.cool_until)
end
