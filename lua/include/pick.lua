-- Whom to grant: reads only. Candidates are the due turns of each lane, oldest first; the flow's slots choose among them.
-- `key` names flow, lines, turns, held, pace, backlog. Answers the grants, and what else was found on the way: pairs whose
-- turn stands wrong, heads whose life is over, heads without a record. Needs: gcra, line, record.
local function pick(key, sender, want, now)
  local flow_tat, slots = string.match(redis.call('GET', key.flow) or '0 0', '^(%d+) (%d+)$')
  local found = { granted = {}, told = {}, wrong = {}, expired = {}, lost = {}, flow_tat = tonumber(flow_tat), slots = tonumber(slots) }
  local due, position = {}, { 1, 1, 1 }
  for lane = 1, LANES do
    due[lane] = want > 0 and redis.call('ZRANGEBYSCORE', key.turns[lane], '-inf', now, 'WITHSCORES', 'LIMIT', 0, want + 16) or {}
  end

  local function look(lane, recipient, turn)
    local tat = tonumber(redis.call('ZSCORE', key.pace, recipient) or 0)
    local right_lane, score, member = next_turn(key.lines, recipient, tat, sender.pair, turn)
    if right_lane ~= lane or score > now or redis.call('HEXISTS', key.held, recipient) == 1 then
      found.wrong[#found.wrong + 1] = { recipient, turn }
      return
    end
    local id = string.match(member, '^[^:]+:%d+:(.+)$')
    local text = redis.call('HGET', key.backlog, id)
    if not text then
      found.lost[#found.lost + 1] = { lane, member, recipient }
      return
    end
    local record = read_record(text)
    if record.expires <= now / 1000 then
      found.expired[#found.expired + 1] = id
      return
    end
    local possible = math.max(turn, earliest(found.flow_tat, sender.flow), sender.cool_until)
    found.granted[#found.granted + 1] = {
      recipient = recipient, lane = lane, member = member, id = id, attempt = record.attempts + 1, tat = tat, turn = turn
    }
    found.told[#found.told + 1] = { id, recipient, record.attempts + 1, record.stops, lane, math.max(0, now - possible), record.body, record.pair_hits }
    found.flow_tat, found.slots = advance(found.flow_tat, now, sender.flow), found.slots + 1
  end

  while #found.granted < want and earliest(found.flow_tat, sender.flow) <= now do
    local recipient, turn, from
    for _, lane in ipairs(lane_order(found.slots + 1)) do
      local at = position[lane]
      if not recipient and due[lane][at] then
        recipient, turn, from = due[lane][at], tonumber(due[lane][at + 1]), lane
        position[lane] = at + 2
      end
    end
    if not recipient then break end
    look(from, recipient, turn)
  end
  return found
end
