-- The rules in force for a sender and whether it may send. Needs: clock.

-- Reads the :sender hash. nil where no rules were written (a new or an emptied Redis).
local function read_sender(key)
  local field = redis.call('HMGET', key, 'pairIntervalUs', 'pairBurst', 'flowIntervalUs', 'flowBurst', 'maxInFlight',
    'status', 'until', 'runId', 'coolUntil', 'version', 'tells')
  if not field[1] then return nil end
  return {
    pair = { interval = tonumber(field[1]), burst = tonumber(field[2]) },
    flow = { interval = tonumber(field[3]), burst = tonumber(field[4]) },
    places = tonumber(field[5]),
    status = field[6] or 'active',
    reopens = tonumber(field[7] or nil),
    run_id = field[8],
    cool_until = tonumber(field[9] or 0),
    version = field[10] or '0',
    tells = field[11] == '1'
  }
end

-- What closes the sender at `now`: nil, or 'pause' or 'sender-stopped', and the moment at which it may open by itself (nil: none).
local function closed(sender, now)
  if sender.status == 'active' then return nil end
  if sender.status == 'stopped' then return 'sender-stopped', sender.reopens end
  if sender.reopens and sender.reopens <= now then return nil end
  return 'pause', sender.reopens
end

-- Another Redis answers than the one that took the last grants, so TATs of its last moments may be lost: nothing is
-- granted until they must have passed. Answers the id that the caller has to write with the cool-down, nil where it is known.
-- The id is asked for here, since a command may be redirected on its way: a replication id names one history of the data, and each
-- start and each promotion of a replica begins another. A test hands in one.
local function restarted(sender, given, now)
  local told = given ~= '' and 'master_replid:' .. given .. '\r' or redis.call('INFO', 'replication')
  if sender.run_id and string.find(told, 'master_replid:' .. sender.run_id .. '\r', 1, true) then return nil end
  if sender.run_id then
    sender.cool_until = math.max(sender.cool_until, now + sender.pair.burst * sender.pair.interval + 1000000)
  end
  return string.match(told, 'master_replid:(%w+)')
end
