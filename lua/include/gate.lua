-- What stands between a message and a grant at `now`; reads only. `key` names pace, flow, held, inflight, lines, turns.
-- Needs: gcra, sender, line.
local function gate(key, sender, recipient, lane, now)
  local flow_tat, slots = string.match(redis.call('GET', key.flow) or '0 0', '^(%d+) (%d+)$')
  local seen = {
    tat = tonumber(redis.call('ZSCORE', key.pace, recipient) or 0),
    flow_tat = tonumber(flow_tat), slots = tonumber(slots),
    held = redis.call('HEXISTS', key.held, recipient) == 1,
    turn_lane = turn_of(key.turns, recipient),
    ahead = waiting(key.lines, recipient, lane)
  }
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
