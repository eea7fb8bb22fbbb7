-- What stands between messages and their grants; reads only. One look serves all messages of a call: whoever grants one of them or puts it
-- in line says so to the look. `key` names pace, flow, held, inflight, lines, turns.
-- Needs: gcra, sender, line.

-- The buckets, the free places, the first turn of each lane, and of each recipient its TAT, whether it is in flight, and its turn.
local function look_at(key, recipients)
  local flow_tat, slots = string.match(redis.call('GET', key.flow) or '0 0', '^(%d+) (%d+)$')
  local look = { key = key, flow_tat = tonumber(flow_tat), slots = tonumber(slots), in_flight = redis.call('ZCARD', key.inflight), first = {}, pairs = {}, in_line = {} }
  local tats, grants = redis.call('ZMSCORE', key.pace, unpack(recipients)), redis.call('HMGET', key.held, unpack(recipients))
  for i, recipient in ipairs(recipients) do
    look.pairs[recipient] = { tat = tonumber(tats[i] or 0), held = grants[i] and true or false }
  end
  for lane = LANES, 1, -1 do
    look.first[lane] = first_turn(key.turns[lane])
    local turns = look.first[lane] and redis.call('ZMSCORE', key.turns[lane], unpack(recipients)) or {}
    for i, recipient in ipairs(recipients) do
      if turns[i] then look.pairs[recipient].turn_lane, look.pairs[recipient].turn = lane, tonumber(turns[i]) end
    end
  end
  return look
end

-- How many wait for a pair in a lane. A pair in flight has no turn, and a free one without a turn has nobody waiting.
local function count_waiting(look, recipient, pair, lane)
  if not pair.held and not pair.turn_lane then return 0 end
  pair.counts = pair.counts or {}
  if not pair.counts[lane] then
    local lines = look.key.lines
    look.in_line[lane] = look.in_line[lane] or redis.call('ZCARD', lines[lane])
    pair.counts[lane] = look.in_line[lane] > 0 and waiting(lines, recipient, lane, lane) or 0
  end
  return pair.counts[lane]
end

-- `ahead`: who waits for the pair in this lane and those above, `below`: in the lower ones; `open`: it may be granted at `now`.
local function gate(look, sender, recipient, lane, now)
  local pair = look.pairs[recipient]
  local seen = { pair = pair, ahead = 0, below = 0 }
  for l = 1, LANES do
    local count = count_waiting(look, recipient, pair, l)
    if l <= lane then seen.ahead = seen.ahead + count else seen.below = seen.below + count end
  end
  seen.closed, seen.reopens = closed(sender, now)
  seen.open = not seen.closed and sender.cool_until <= now and not pair.held and not pair.turn_lane and seen.ahead == 0
    and earliest(pair.tat, sender.pair) <= now and earliest(look.flow_tat, sender.flow) <= now
    and look.in_flight < sender.places
  if not seen.open then return seen end
  -- Nobody goes past a turn that is due in its own or a higher lane, nor past the lower lanes in their share.
  for _, l in ipairs(lane_order(look.slots + 1)) do
    if look.first[l] and look.first[l] <= now then seen.open = false end
    if l == lane then return seen end
  end
  return seen
end

-- Grants a message at `now`; writes nothing but in the look. Answers its entry in :held.
local function take(look, sender, recipient, id, attempt, lease_end, holder, now)
  local pair = look.pairs[recipient]
  local grant = write_grant(id, attempt, lease_end, holder, now, pair.tat, now)
  pair.tat, pair.held = advance(pair.tat, now, sender.pair), true
  look.flow_tat, look.slots, look.in_flight = advance(look.flow_tat, now, sender.flow), look.slots + 1, look.in_flight + 1
  return grant
end

-- Puts the turn of a pair whose message has joined the line where it belongs; answers it, nil where it stands there already or the pair has none.
local function join(look, sender, recipient, lane, now)
  local pair, turns = look.pairs[recipient], look.key.turns
  if pair.counts then pair.counts[lane] = pair.counts[lane] + 1 else pair.counts = { lane == 1 and 1 or 0, lane == 2 and 1 or 0, lane == 3 and 1 or 0 } end
  if pair.held or (pair.turn_lane and pair.turn_lane <= lane) then return nil end
  local former = pair.turn_lane
  pair.turn_lane, pair.turn = lane, math.max(now, earliest(pair.tat, sender.pair))
  if former then
    redis.call('ZREM', turns[former], recipient)
    look.first[former] = first_turn(turns[former])
  end
  redis.call('ZADD', turns[lane], pair.turn, recipient)
  look.first[lane] = math.min(look.first[lane] or math.huge, pair.turn)
  return pair.turn
end
