--- @include queue
--- @include ready
--- @include record
--- @include shares
-- The pairs that a claim considers where callers have fair shares (shares.lua): in each lane the longest ready pair of the caller with the least
-- virtual time, which each grant advances by 1 / weight (start-time fair queueing). A caller that
-- comes back begins at the virtual time of the lane, or at its own where that is later. Writes.

local MOST_CONVERTED = 1000

-- Ready times that have come get the score of their head's caller. Those until `began` are all of one caller, and stay.
local function convert_due(lane, began, now)
  local places = {}
  local due = redis.call('ZRANGEBYSCORE', key.ready[lane], began and '(' .. int(began) or '0', int(now), 'WITHSCORES', 'LIMIT', 0, MOST_CONVERTED)
  for i = 1, #due, 2 do
    local member = head_of(key.queue[lane], due[i])
    local text = member and redis.call('HGET', key.backlog, id_of(member))
    local record = text and read_record(text)
    local caller = record and record.caller or ''
    places[caller] = places[caller] or place_of(lane, caller)
    redis.call('ZADD', key.ready[lane], int(share_score(places[caller], tonumber(due[i + 1]))), due[i])
  end
end

-- The shares of each lane, and the virtual times of the lanes. `firsts`: names of the shares that also have what is older than fair shares.
local function read_shares(firsts)
  local lanes, virtual, weights, fields = { {}, {}, {} }, { 0, 0, 0 }, {}, redis.call('HGETALL', key.shares)
  for i = 1, #fields, 2 do
    local kind, name, value = string.sub(fields[i], 1, 1), string.sub(fields[i], 2), fields[i + 1]
    local place, time = string.match(value, '^(%d+) (%S+)$')
    if kind == '=' then weights[name] = tonumber(value)
    elseif kind == 'v' then virtual[tonumber(name)] = tonumber(value)
    elseif lanes[tonumber(kind)] and tonumber(time) then
      local is_first = name == firsts[tonumber(kind)]
      table.insert(lanes[tonumber(kind)], {
        field = fields[i], name = name, place = tonumber(place), time = tonumber(time), is_first = is_first, skipped = 0, at = 1, page = {}
      })
    end
  end
  for lane = 1, LANES do
    for _, share in ipairs(lanes[lane]) do share.step = 1 / math.max(1, weights[share.name] or 1) end
  end
  return lanes, virtual
end

-- Pairs whose share is lost get their ready time back, and a share with the next claim.
local function heal(lane, now)
  local left = redis.call('ZRANGEBYSCORE', key.ready[lane], '-inf', '(0', 'WITHSCORES', 'LIMIT', 0, MOST_CONVERTED)
  for i = 1, #left, 2 do redis.call('ZADD', key.ready[lane], int(ready_at_of(tonumber(left[i + 1]), now)), left[i]) end
end

-- Returns the functions that create_candidates returns, and one that writes the shares, with the slot after the last grant. `probe`: as there.
local function create_shared_candidates(want, now, probe)
  local shares, virtual, last, last_slot, has_skipped
  local began, first = read_first()
  local function prepare()
    local firsts, has_first = {}, false
    for lane = 1, LANES do
      convert_due(lane, began, now)
      if began and redis.call('ZCOUNT', key.ready[lane], 0, int(began)) > 0 then
        has_first = true
        firsts[lane] = place_of(lane, first) == LAST_PLACE and '*' or first
      end
    end
    if began and not has_first then redis.call('HDEL', key.shares, 'first') end
    shares, virtual = read_shares(firsts)
    has_skipped = {}
  end
  local function read_page(lane, share)
    local size = math.ceil(want / #shares[lane]) + 1
    local function read(from, to)
      share.page, share.at = redis.call('ZRANGEBYSCORE', key.ready[lane], int(from), int(to), 'WITHSCORES', 'LIMIT', int(share.skipped), size), 1
    end
    if share.is_first then
      read(0, began)
      if share.page[1] then return end
      share.is_first, share.skipped = false, 0
    end
    read(share_score(share.place, 0), share_score(share.place, 2 ^ 46 - 1))
  end
  -- The share with the least virtual time that has a ready pair. One before it without any is over: it may come back at the lane's virtual time.
  local function foremost(lane)
    while true do
      local least
      for _, share in ipairs(shares[lane]) do
        if not share.is_over and (not least or share.time < least.time) then least = share end
      end
      if not least then return nil end
      if not least.page[least.at] then read_page(lane, least) end
      if least.page[least.at] then return least end
      least.is_over = true
      if not least.has_skipped then redis.call('HDEL', key.shares, least.field) end
    end
  end
  -- A candidate was granted if the slot is another one now.
  local function advance_share(slot)
    if last and slot > last_slot then
      virtual[last.lane], last.time, last.is_changed = last.time, last.time + last.step, true
    end
    last = nil
  end
  local function next_candidate(slot)
    if shares then advance_share(slot) else prepare() end
    for place = 1, LANES do
      local lane = lane_at(slot, place)
      local waits = probe and lane == LANES and probe.at > now
      local share = not waits and foremost(lane)
      if share then
        local at = share.at
        if probe and lane == LANES then probe.take(now) end
        share.at, share.lane, last, last_slot = at + 2, lane, share, slot
        return lane, share.page[at], ready_at_of(tonumber(share.page[at + 1]), now)
      end
      if not waits and not has_skipped[lane] then heal(lane, now) end
    end
  end
  local function skip(lane)
    last.skipped, last.has_skipped, has_skipped[lane] = last.skipped + 1, true, true
  end
  local function first_left()
    local first_at = math.huge
    for lane = 1, LANES do
      local score = redis.call('ZRANGE', key.ready[lane], 0, 0, 'WITHSCORES')[2]
      local hold_end = probe and lane == LANES and probe.at or 0
      if score then first_at = math.min(first_at, math.max(ready_at_of(tonumber(score), now), hold_end)) end
    end
    return first_at
  end
  local function save_shares(slot)
    if not shares then return end
    advance_share(slot)
    for lane = 1, LANES do
      local is_changed = false
      for _, share in ipairs(shares[lane]) do
        is_changed = is_changed or share.is_changed
        -- What it did not use while its heads were skipped is not kept for later.
        if share.has_skipped and share.time < virtual[lane] then share.time, share.is_changed = virtual[lane], true end
        if share.is_changed and (not share.is_over or share.has_skipped) then
          redis.call('HSET', key.shares, share.field, int(share.place) .. ' ' .. string.format('%.17g', share.time))
        end
      end
      if is_changed then redis.call('HSET', key.shares, 'v' .. lane, string.format('%.17g', virtual[lane])) end
    end
  end
  return next_candidate, skip, first_left, save_shares
end
