--- @include sender
--- @include ready
--- @include queue
--- @include grant
--- @include sender_tat
-- Checks whether a message may be granted at once. All messages of a call share one state. Each grant and each enqueue updates it, so that the
-- next message is checked as in a call of its own.

-- Reads the buckets, the number in flight, the first ready time of each lane; and of each recipient its TAT, grant and ready time.
local function load_state(recipients)
  local sender_tat, slots = read_sender_tat()
  local state = { sender_tat = sender_tat, slots = slots, in_flight = redis.call('ZCARD', key.inflight), first = {}, pairs = {}, queue_sizes = {} }
  local tats, grants = redis.call('ZMSCORE', key.pair_tat, unpack(recipients)), redis.call('HMGET', key.grants, unpack(recipients))
  for i, recipient in ipairs(recipients) do
    state.pairs[recipient] = { tat = tonumber(tats[i] or 0), is_granted = grants[i] and true or false }
  end
  for lane = LANES, 1, -1 do
    state.first[lane] = first_ready(lane)
    local ready = state.first[lane] and redis.call('ZMSCORE', key.ready[lane], unpack(recipients)) or {}
    for i, recipient in ipairs(recipients) do
      if ready[i] then state.pairs[recipient].ready_lane, state.pairs[recipient].ready_at = lane, tonumber(ready[i]) end
    end
  end
  return state
end

-- How many messages wait for a pair in a lane. Reads only.
local function queued_in(state, recipient, pair, lane)
  -- A pair with a grant has no ready time, and a free pair without one has nothing in its queue.
  if not pair.is_granted and not pair.ready_lane then return 0 end
  pair.counts = pair.counts or {}
  if not pair.counts[lane] then
    state.queue_sizes[lane] = state.queue_sizes[lane] or redis.call('ZCARD', key.queue[lane])
    pair.counts[lane] = state.queue_sizes[lane] > 0 and count_queued(key.queue, recipient, lane, lane) or 0
  end
  return pair.counts[lane]
end

-- `ahead`: how many wait for the pair in this lane and those above, `below`: in the lower ones; `open`: the message may be granted at
-- `now`. Reads only.
local function check_gate(state, sender, recipient, lane, now)
  local pair = state.pairs[recipient]
  local view = { pair = pair, ahead = 0, below = 0 }
  for l = 1, LANES do
    local count = queued_in(state, recipient, pair, l)
    if l <= lane then view.ahead = view.ahead + count else view.below = view.below + count end
  end
  view.blocked = blocked(sender, now)
  view.open = not view.blocked and sender.cool_until <= now and not pair.is_granted and not pair.ready_lane and view.ahead == 0
    and earliest(pair.tat, sender.pair_rate) <= now and earliest(state.sender_tat, sender.sender_rate) <= now
    and state.in_flight < sender.max_in_flight
  if not view.open then return view end
  -- A message must not overtake ready messages of its own or a higher lane, nor take a slot that is reserved for the lower lanes.
  for _, l in ipairs(lane_order(state.slots + 1)) do
    if state.first[l] and state.first[l] <= now then view.open = false end
    if l == lane then return view end
  end
  return view
end

-- Grants a message at `now` in the state; writes nothing to Redis. Returns the entry for `grants`.
local function grant_message(state, sender, recipient, id, attempt, lease_end, holder, now)
  local pair = state.pairs[recipient]
  local grant = write_grant(id, attempt, lease_end, holder, now, pair.tat, now)
  pair.tat, pair.is_granted = advance(pair.tat, now, sender.pair_rate), true
  state.sender_tat, state.slots, state.in_flight = advance(state.sender_tat, now, sender.sender_rate), state.slots + 1, state.in_flight + 1
  return grant
end

-- Writes the ready time of the pair of a message that joins the queue. Returns it, or nil if the pair has an earlier lane or a grant.
local function enqueue(state, sender, recipient, lane, now)
  local pair = state.pairs[recipient]
  pair.counts = pair.counts or { 0, 0, 0 }
  pair.counts[lane] = pair.counts[lane] + 1
  if pair.is_granted or (pair.ready_lane and pair.ready_lane <= lane) then return nil end
  local former = pair.ready_lane
  pair.ready_lane, pair.ready_at = lane, math.max(now, earliest(pair.tat, sender.pair_rate))
  if former then
    redis.call('ZREM', key.ready[former], recipient)
    state.first[former] = first_ready(former)
  end
  redis.call('ZADD', key.ready[lane], pair.ready_at, recipient)
  state.first[lane] = math.min(state.first[lane] or math.huge, pair.ready_at)
  return pair.ready_at
end
