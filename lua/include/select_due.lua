--- @include clock
--- @include gcra
--- @include queue
--- @include record
--- @include sender_tat
-- Selects the messages to grant. Candidates are the ready pairs of each lane, the longest ready first; the order of lanes for each slot chooses
-- among them. Reads only. Also returns what was found on the way: pairs with a wrong ready time, expired heads, marketing heads whose recipient
-- has opted out, heads without a record.
local function select_due(sender, want, now)
  local sender_tat, slots = read_sender_tat()
  local found = { granted = {}, replies = {}, wrong = {}, expired = {}, unwanted = {}, lost = {}, sender_tat = sender_tat, slots = slots }
  local due, position, queues = {}, { 1, 1, 1 }, {}
  want = math.min(want, allowed(sender_tat, now, sender.sender_rate))

  -- The longest ready pairs of a lane; a few more than wanted, since some ready times may be wrong.
  local function candidates(lane)
    local list, names = {}, {}
    local ready = want > 0 and redis.call('ZRANGEBYSCORE', key.ready[lane], '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, want + 4) or {}
    for i = 1, #ready, 2 do names[#names + 1] = ready[i] end
    if #names == 0 then return list end
    local grants, tats = redis.call('HMGET', key.grants, unpack(names)), redis.call('ZMSCORE', key.pair_tat, unpack(names))
    for i, name in ipairs(names) do
      list[i] = { recipient = name, ready_at = tonumber(ready[2 * i]), grant = grants[i], tat = tonumber(tats[i] or 0) }
    end
    return list
  end

  local function consider(lane, candidate)
    local recipient, ready_at, tat = candidate.recipient, candidate.ready_at, candidate.tat
    local right_lane, right_time, member = next_ready(queues, recipient, tat, sender.pair_rate, ready_at)
    if right_lane ~= lane or right_time > now or candidate.grant then
      found.wrong[#found.wrong + 1] = { recipient, ready_at }
      return
    end
    local id = id_of(member)
    local text = redis.call('HGET', key.backlog, id)
    local record = text and read_record(text)
    if not record then
      found.lost[#found.lost + 1] = { lane, member, recipient }
      return
    end
    if record.expires <= now / 1000 then
      found.expired[#found.expired + 1] = id
      return
    end
    if record.marketing and redis.call('HEXISTS', key.opt_outs, recipient) == 1 then
      found.unwanted[#found.unwanted + 1] = id
      return
    end
    local possible = math.max(ready_at, earliest(found.sender_tat, sender.sender_rate), sender.cool_until)
    found.granted[#found.granted + 1] = {
      recipient = recipient, lane = lane, member = member, id = id, attempt = record.attempts + 1, tat = tat, ready_at = ready_at
    }
    found.replies[#found.replies + 1] =
      { id, recipient, record.attempts + 1, record.stops, lane, math.max(0, now - possible), record.body, record.pair_hits }
    found.sender_tat, found.slots = advance(found.sender_tat, now, sender.sender_rate), found.slots + 1
  end

  for lane = 1, LANES do
    due[lane] = candidates(lane)
    -- With many heads it is cheaper to check first which lanes are empty; with a few the check costs more than it saves.
    queues[lane] = (want < 4 or #due[lane] > 0 or redis.call('EXISTS', key.queue[lane]) == 1) and key.queue[lane]
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
    consider(from, candidate)
  end
  return found
end
