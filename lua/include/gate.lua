-- What stands between a message and a grant at `now`; reads only. `key` names pace, flow, held, inflight, lines, turns. `ahead`: who waits
-- for the pair in this lane and those above, `below`: in the lower ones. A pair in flight has no turn, and a free one without a turn has
-- nobody waiting.
-- Needs: gcra, sender, line.
local function gate(key, sender, recipient, lane, now)
  local flow_tat, slots = string.match(redis.call('GET', key.flow) or '0 0', '^(%d+) (%d+)$')
  local seen = {
    tat = tonumber(redis.call('ZSCORE', key.pace, recipient) or 0),
    flow_tat = tonumber(flow_tat), slots = tonumber(slots),
    held = redis.call('HEXISTS', key.held, recipient) == 1,
    ahead = 0, below = 0
  }
  if not seen.held then seen.turn_lane = turn_of(key.turns, recipient) end
  if seen.held or seen.turn_lane then
    seen.ahead = waiting(key.lines, recipient, 1, lane)
    seen.below = waiting(key.lines, recipient, lane + 1, LANES)
  end
  seen.closed, seen.reopens = closed(sender, now)
  seen.open = not seen.closed and sender.cool_until <= now and not seen.held and not seen.turn_lane and seen.ahead == 0
    and earliest(seen.tat, sender.pair) <= now and earliest(seen.flow_tat, sender.flow) <= now
    and redis.call('ZCARD', key.inflight) < sender.places
  if not seen.open then return seen end
  -- Nobody goes past a turn that is due in its own or a higher lane, nor past the lower lanes in their share.
  for _, l in ipairs(lane_order(seen.slots + 1)) do
    local first = redis.call('ZRANGE', key.turns[l], 0, 0, 'WITHSCORES')
    if first[1] and tonumber(first[2]) <= now then seen.open = false end
    if l == lane then return seen end
  end
  return seen
end
