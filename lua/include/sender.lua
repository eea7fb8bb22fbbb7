-- The rules of a sender, and whether it may send. Reads only.

-- nil if no rules are written, as in a new or an emptied Redis.
local function read_sender()
  local field = redis.call('HMGET', key.sender, 'pairIntervalUs', 'pairBurst', 'senderIntervalUs', 'senderBurst', 'maxInFlight',
    'status', 'until', 'runId', 'coolUntil', 'version', 'callbacks')
  if not field[1] then return nil end
  return {
    pair_rate = { interval = tonumber(field[1]), burst = tonumber(field[2]) },
    sender_rate = { interval = tonumber(field[3]), burst = tonumber(field[4]) },
    max_in_flight = tonumber(field[5]),
    status = field[6] or 'active',
    resumes_at = tonumber(field[7] or nil),
    run_id = field[8],
    cool_until = tonumber(field[9] or 0),
    version = field[10] or '0',
    callbacks = field[11] == '1'
  }
end

-- What blocks the sender at `now`: nil, 'pause' or 'sender-stopped'; and when it may send again without an operator (nil: never).
local function blocked(sender, now)
  if sender.status == 'active' then return nil end
  if sender.status == 'stopped' then return 'sender-stopped', sender.resumes_at end
  if sender.resumes_at and sender.resumes_at <= now then return nil end
  return 'pause', sender.resumes_at
end
