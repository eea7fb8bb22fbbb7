--- @include sender
--- @include numbers
-- The state of a sender's circuit breaker: the field `circuit` of :sender, absent while nothing fails. Writes.

-- A closed circuit in which nothing has failed.
local function new_circuit(now)
  return {
    state = 'closed', at = 0, stage = 0, probes = 0, since = now, changed = now, failures = 0, successes = 0, before = '', after = '', code = '-'
  }
end

-- `at`: when the next probe is due, or when the stage of a half-open one began. `before`, `after`: marks of recipients that failed before the last
-- success and since.
local function read_circuit(text, now)
  local state, at, stage, probes, since, changed, failures, successes, before, after, code = string.match(text or '',
    '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) ([%x,]*)|([%x,]*) (%S+)$')
  if not state then return new_circuit(now) end
  return {
    state = state, at = tonumber(at), stage = tonumber(stage), probes = tonumber(probes), since = tonumber(since), changed = tonumber(changed),
    failures = tonumber(failures), successes = tonumber(successes), before = before, after = after, code = code
  }
end

local function write_circuit(sender, c)
  sender.circuit = string.format('%s %d %d %d %d %d %d %d %s|%s %s', c.state, c.at, c.stage, c.probes, c.since, c.changed, c.failures,
    c.successes, c.before, c.after, c.code)
  sender.probe_at = c.state == 'open' and c.at or nil
  redis.call('HSET', key.sender, 'circuit', sender.circuit)
end

local function remove_circuit(sender)
  sender.circuit, sender.probe_at = nil, nil
  redis.call('HDEL', key.sender, 'circuit')
end

-- Four digits of a hash: enough to distinguish a few recipients, and too few to recognize one.
local function mark_of(recipient)
  return string.sub(redis.sha1hex(recipient), 1, 4) .. ','
end

local function add_marks(list, marks)
  for mark in string.gmatch(marks, '%x+,') do list = string.find(list, mark, 1, true) and list or list .. mark end
  return list
end

local function count_marks(list)
  return #list / 5
end
