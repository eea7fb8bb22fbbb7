--- @include sender
-- Detects that Redis was restarted, or a replica was promoted, since the last grant. The last TATs may be lost, so nothing is granted until they
-- have passed in any case.

-- Reads only. Raises the cool-down of `sender` and returns the replication id to write with it, or nil where the id is known. A replication
-- id identifies one history of the data. The script reads it itself, since a command may be redirected. A test passes one.
local function detect_restart(sender, now)
  local info = arg.runId ~= '' and 'master_replid:' .. arg.runId .. '\r' or redis.call('INFO', 'replication')
  if sender.run_id and string.find(info, 'master_replid:' .. sender.run_id .. '\r', 1, true) then return nil end
  if sender.run_id then
    sender.cool_until = math.max(sender.cool_until, now + sender.pair_rate.burst * sender.pair_rate.interval + 1000000)
  end
  return string.match(info, 'master_replid:(%w+)')
end

-- Writes what detect_restart found.
local function write_restart(sender, run_id)
  if run_id then redis.call('HSET', key.sender, 'runId', run_id, 'coolUntil', sender.cool_until) end
end
