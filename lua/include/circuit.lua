--- @include circuit_state
-- The circuit breaker of a sender. It opens when attempts for several recipients fail for reasons that are not the messages' own, in a row or
-- above a share. While it is open, one message at a time is a probe. A probe that is accepted makes it half-open: a part of the rate in three
-- stages, then all.

-- Failures and successes are counted for a minute. A run of failures without a success has no end, since a sender may send twice an hour.
local CIRCUIT_WINDOW_US, CIRCUIT_STAGES = 60000000, 3

local function circuit_settings()
  local recipients, percent, most_ms, stage_ms =
    string.match(redis.call('HGET', key.sender, 'circuitSettings') or '5 50 60000 15000', '^(%d+) (%d+) (%d+) (%d+)$')
  return { recipients = tonumber(recipients), percent = tonumber(percent), most_us = tonumber(most_ms) * 1000, stage_us = tonumber(stage_ms) * 1000 }
end

-- Twice as long after each failed probe, up to the longest wait; up to five times that after a probe without a response, which may have been sent.
local function schedule_probe(sender, circuit, message, now)
  local first_us, most_us = (message.coolMs or 0) * 1000, circuit_settings().most_us * (message.settlement == 'unknown' and 5 or 1)
  circuit.at = now + math.max(first_us, math.min(first_us * 2 ^ math.min(circuit.probes, 20), most_us))
  write_circuit(sender, circuit)
end

-- An attempt that did not fail, or failed for its own sake. Returns the change of the circuit.
local function count_other(sender, circuit, message, is_later, now)
  local is_sent = message.settlement == 'sent'
  if circuit.state == 'open' and is_later and is_sent then
    circuit.state, circuit.stage, circuit.at, circuit.changed = 'half-open', 1, now, now
    write_circuit(sender, circuit)
    return 'half-open'
  elseif circuit.state == 'open' and is_later then
    -- The probe says nothing of WhatsApp: it never started, was rejected for its own sake, or rate limited.
    circuit.at = now + (message.startedUs and 5000000 or 1000000)
    write_circuit(sender, circuit)
  end
  if circuit.state == 'open' or not is_sent or (circuit.state == 'half-open' and not is_later) then return nil end
  circuit.successes, circuit.before, circuit.after = circuit.successes + 1, add_marks(circuit.before, circuit.after), ''
  local is_over = circuit.state == 'closed' and now - circuit.since > CIRCUIT_WINDOW_US
  if circuit.state == 'half-open' and now - circuit.at >= circuit_settings().stage_us then
    circuit.stage, circuit.at = circuit.stage + 1, now
    is_over = circuit.stage > CIRCUIT_STAGES
  end
  if is_over then remove_circuit(sender) else write_circuit(sender, circuit) end
  return is_over and circuit.state == 'half-open' and 'closed' or nil
end

-- A failure that is not the message's own, of a circuit that is not open. Returns whether it opens.
local function count_failure(sender, circuit, message, now)
  local settings = circuit_settings()
  circuit.failures, circuit.code, circuit.after = circuit.failures + 1, message.code, add_marks(circuit.after, mark_of(message.recipient))
  -- The success of a probe alone says little; with others after it, an unlucky recipient must not open the circuit again.
  local in_a_row = circuit.state == 'half-open' and circuit.successes == 0 and math.min(2, settings.recipients) or settings.recipients
  local total = circuit.failures + circuit.successes
  local is_share = count_marks(add_marks(circuit.before, circuit.after)) >= settings.recipients and total >= 2 * settings.recipients
    and circuit.failures * 100 >= settings.percent * total
  if count_marks(circuit.after) < in_a_row and not is_share then
    write_circuit(sender, circuit)
    return false
  end
  circuit.probes = circuit.state == 'half-open' and circuit.probes + 1 or 0
  circuit.state, circuit.stage, circuit.changed, circuit.failures, circuit.successes, circuit.before, circuit.after = 'open', 0, now, 0, 0, '', ''
  schedule_probe(sender, circuit, message, now)
  return true
end

-- Records what an attempt says of WhatsApp. `message` as in settle.lua: bucket `outage` is a failure that is not the message's own, and its coolMs
-- the wait for the first probe. `lease`: nil for an unknown outcome whose hold is over. Returns the settlement, which the circuit may change; the
-- change of the circuit: opened, half-open, closed or nil; and whether it was a probe that failed.
local function pass_circuit(sender, message, lease, settlement, now)
  local circuit, granted_at = read_circuit(sender.circuit, now), lease and lease.granted_at
  if not granted_at then
    -- While WhatsApp is down no receipt can come, and its absence proves nothing. Probes end with the backlog.
    local is_down = circuit.state ~= 'closed' and now - circuit.at < CIRCUIT_WINDOW_US
    return is_down and settlement == 'failed' and (message.afterMs or 0) > 0 and 'unknown' or settlement
  end
  -- An attempt of before the last change says nothing new.
  local is_later = granted_at > circuit.changed or (granted_at == circuit.changed and circuit.state == 'half-open')
  if message.bucket ~= 'outage' then return settlement, count_other(sender, circuit, message, is_later, now) end

  -- A retryable outcome is given back without using up an attempt. An unknown outcome stays unknown.
  local spared = settlement == 'unknown' and settlement or 'wait'
  if circuit.state == 'open' then
    if is_later then
      circuit.probes, circuit.code = circuit.probes + 1, message.code
      schedule_probe(sender, circuit, message, now)
    end
    return spared, nil, is_later
  end
  if circuit.state == 'half-open' and not is_later then return spared end
  -- An operator closed the circuit or resumed the sender after this attempt began.
  if granted_at < tonumber(redis.call('HGET', key.sender, 'resumedAt') or 0) then return settlement end
  if circuit.state == 'closed' and circuit.successes > 0 and now - circuit.since > CIRCUIT_WINDOW_US then circuit = new_circuit(now) end
  if count_failure(sender, circuit, message, now) then return spared, 'opened' end
  -- As long as every attempt fails, for several recipients, none of them is the cause; nor is one while WhatsApp recovers.
  if settlement == 'failed' and (circuit.state == 'half-open' or count_marks(circuit.after) > 1) then
    settlement = 'retry'
  end
  return settlement
end
