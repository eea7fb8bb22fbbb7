-- The rules of a sender, and whether it may send. Reads only.

-- nil if no rules are written, as in a new or an emptied Redis. The numbers of the rules are packed by quota.lua, since each field that a script
-- reads and converts takes as long as a small command. `limits`: false unless some messages of the sender may have to wait for more than rates and
-- state: then scripts read more (include/template.lua). A script that grants in each call passes `runId`, for include/restart.lua.
local function read_sender(...)
  local rules, status, until_us, circuit, cool_until, callbacks, limits, run_id =
    unpack(redis.call('HMGET', key.sender, 'rules', 'status', 'until', 'circuit', 'coolUntil', 'callbacks', 'limits', ...))
  if not rules or #rules < 48 then return nil end
  local pair_interval, pair_burst, sender_interval, sender_burst, max_in_flight, version = struct.unpack('>dddddd', rules)
  local sender = {
    pair_rate = { interval = pair_interval, burst = pair_burst },
    sender_rate = { interval = sender_interval, burst = sender_burst },
    max_in_flight = max_in_flight,
    version = version,
    status = status or 'active',
    resumes_at = until_us and tonumber(until_us) or nil,
    cool_until = cool_until and tonumber(cool_until) or 0,
    callbacks = callbacks == '1',
    circuit = circuit,
    limits = limits,
    run_id = run_id
  }
  -- A rate below the rule, see adaptive_rate.lua.
  if #rules > 48 then
    local interval, burst = struct.unpack('>dd', rules, 49)
    sender.full_rate, sender.sender_rate, sender.is_reduced = sender.sender_rate, { interval = interval, burst = burst }, true
  end
  if not circuit then return sender end
  -- While the circuit is open, only probes are sent. While it is half-open, a part of the rate: a backlog sent at once ends in rate limits.
  local state, at, stage = string.match(circuit, '^(%S+) (%d+) (%d+)')
  if state == 'open' then sender.probe_at = tonumber(at) end
  if state == 'half-open' then
    local part, rate = 2 ^ (4 - tonumber(stage)), sender.sender_rate
    sender.full_rate, sender.is_staged = sender.full_rate or rate, true
    sender.sender_rate = { interval = rate.interval * part, burst = math.ceil(rate.burst / part) }
    sender.max_in_flight = math.min(stage == '1' and 5 or math.huge, math.ceil(sender.max_in_flight / part))
  end
  return sender
end

-- What blocks the sender at `now`: nil, 'pause', 'sender-stopped' or 'outage'; and when it may send again, or a probe may, without an operator
-- (nil: never).
local function blocked(sender, now)
  if sender.status == 'stopped' then return 'sender-stopped', sender.resumes_at end
  if sender.status == 'paused' and not (sender.resumes_at and sender.resumes_at <= now) then return 'pause', sender.resumes_at end
  if sender.probe_at then return 'outage', sender.probe_at end
end
