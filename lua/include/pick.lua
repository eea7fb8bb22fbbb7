-- Whom to grant: reads only. Candidates are the due turns of each lane, oldest first; the flow's slots choose among them.
-- `key` names flow, lines, turns, held, pace, backlog, opt_outs. Answers the grants, and what else was found on the way: pairs whose
-- turn stands wrong, heads whose life is over, heads that their recipient wants no more, heads without a record. Needs: clock, gcra, line, record.
local function pick(key, sender, want, now)
  local flow_tat, slots = string.match(redis.call('GET', key.flow) or '0 0', '^(%d+) (%d+)$')
  local found = { granted = {}, told = {}, wrong = {}, expired = {}, unwanted = {}, lost = {}, flow_tat = tonumber(flow_tat), slots = tonumber(slots) }
  local due, position, in_line = {}, { 1, 1, 1 }, {}
  want = math.min(want, passing(found.flow_tat, now, sender.flow))

  -- The oldest due turns of a lane; a few more than wanted, since some may stand wrong.
  local function candidates(lane)
    local list, names = {}, {}
    local turns = want > 0 and redis.call('ZRANGEBYSCORE', key.turns[lane], '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, want + 4) or {}
    for i = 1, #turns, 2 do names[#names + 1] = turns[i] end
    if #names == 0 then return list end
    local held, tats = redis.call('HMGET', key.held, unpack(names)), redis.call('ZMSCORE', key.pace, unpack(names))
    for i, name in ipairs(names) do
      list[i] = { recipient = name, turn = tonumber(turns[2 * i]), held = held[i], tat = tonumber(tats[i] or 0) }
    end
    return list
  end

  local function look(lane, candidate)
    local recipient, turn, tat = candidate.recipient, candidate.turn, candidate.tat
    local right_lane, score, member = next_turn(in_line, recipient, tat, sender.pair, turn)
    if right_lane ~= lane or score > now or candidate.held then
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
    if record.marketing and redis.call('HEXISTS', key.opt_outs, recipient) == 1 then
      found.unwanted[#found.unwanted + 1] = id
      return
    end
    local possible = math.max(turn, earliest(found.flow_tat, sender.flow), sender.cool_until)
    found.granted[#found.granted + 1] = {
      recipient = recipient, lane = lane, member = member, id = id, attempt = record.attempts + 1, tat = tat, turn = turn
    }
    found.told[#found.told + 1] = { id, recipient, record.attempts + 1, record.stops, lane, math.max(0, now - possible), record.body, record.pair_hits }
    found.flow_tat, found.slots = advance(found.flow_tat, now, sender.flow), found.slots + 1
  end

  for lane = 1, LANES do
    due[lane] = candidates(lane)
    -- Of a few heads the lanes above are asked one by one; of many it pays to know first that nobody waits there at all.
    in_line[lane] = (want < 4 or #due[lane] > 0 or redis.call('EXISTS', key.lines[lane]) == 1) and key.lines[lane]
  end
  while #found.granted < want do
    local candidate, from
    for _, lane in ipairs(lane_order(found.slots + 1)) do
      local at = position[lane]
      if not candidate and due[lane][at] then
        candidate, from = due[lane][at], lane
        position[lane] = at + 1
      end
    end
    if not candidate then break end
    look(from, candidate)
  end
  return found
end
