--- @include queue
--- @include convert_ready
-- The pairs that a claim considers where there are fair shares (shares.lua): in each lane one of the caller with the least virtual time, which each
-- grant advances by 1 / weight (start-time fair queueing). Of its shares the one that was granted longest ago, and of that the longest ready pair. A
-- caller that comes back begins at the virtual time of the lane, or at its own where that is later. Writes.

-- The callers of each lane with their shares, and the virtual times of the lanes. `firsts`: names of the shares that also have what is older than
-- fair shares.
local function read_shares(firsts)
  local lanes, virtual, weights, fields, known = { {}, {}, {} }, { 0, 0, 0 }, {}, redis.call('HGETALL', key.shares), {}
  for i = 1, #fields, 2 do
    local kind, name, value = string.sub(fields[i], 1, 1), string.sub(fields[i], 2), fields[i + 1]
    local callers, place, time = lanes[tonumber(kind)], string.match(value, '^(%d+) (%S+)$')
    if kind == '=' then weights[name] = tonumber(value)
    elseif kind == 'v' then virtual[tonumber(name)] = tonumber(value)
    elseif callers and tonumber(time) then
      local owner = owner_of(name)
      local caller = known[kind .. owner] or { name = owner, time = 0, shares = {} }
      if not known[kind .. owner] then callers[#callers + 1] = caller end
      known[kind .. owner] = caller
      caller.time = math.max(caller.time, tonumber(time))
      caller.shares[#caller.shares + 1] = {
        field = fields[i], place = tonumber(place), time = tonumber(time), is_first = name == firsts[tonumber(kind)], skipped = 0, at = 1, page = {}
      }
    end
  end
  for lane = 1, LANES do
    for _, caller in ipairs(lanes[lane]) do caller.step = 1 / math.max(1, weights[caller.name] or 1) end
  end
  return lanes, virtual
end

-- Of shares or callers the one with the least virtual time that is not over; nil for none.
local function least_of(list)
  local least
  for _, one in ipairs(list) do
    local is_less = not least or one.time < least.time or one.time == least.time and (one.place or 0) < (least.place or 0)
    if is_less and not one.is_over then least = one end
  end
  return least
end

-- Returns the functions that create_candidates returns, and one that writes the shares, with the slot after the last grant. `probe`: as there.
local function create_shared_candidates(want, now, probe)
  local lanes, virtual, last, last_slot, has_skipped
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
    lanes, virtual = read_shares(firsts)
    has_skipped = {}
  end
  local function read_page(lane, caller, share)
    local size = math.ceil(want / #lanes[lane] / #caller.shares) + 1
    local function read(from, to)
      share.page, share.at = redis.call('ZRANGEBYSCORE', key.ready[lane], int(from), int(to), 'WITHSCORES', 'LIMIT', int(share.skipped), size), 1
    end
    if share.is_first then
      read(0, began)
      if share.page[1] then return end
      share.is_first, share.skipped = false, 0
    end
    read(share_score(share.place, 0), share_score(share.place, 2 ^ 45 - 1))
  end
  -- The share of a caller that is next and has a ready pair. One before it without any is over, and may come back.
  local function foremost_of(lane, caller)
    while true do
      local share = least_of(caller.shares)
      if not share then return nil end
      if not share.page[share.at] then read_page(lane, caller, share) end
      if share.page[share.at] then return share end
      share.is_over = true
      if not share.has_skipped then redis.call('HDEL', key.shares, share.field) end
    end
  end
  local function foremost(lane)
    while true do
      local caller = least_of(lanes[lane])
      if not caller then return nil end
      local share = foremost_of(lane, caller)
      if share then return caller, share end
      caller.is_over = true
    end
  end
  -- A candidate was granted if the slot is another one now.
  local function advance_share(slot)
    if last and slot > last_slot then
      local caller, share = last.caller, last.share
      virtual[last.lane], caller.time = caller.time, caller.time + caller.step
      share.time, share.is_changed = caller.time, true
    end
    last = nil
  end
  local function next_candidate(slot)
    if lanes then advance_share(slot) else prepare() end
    for place = 1, LANES do
      local lane = lane_at(slot, place)
      local waits = probe and lane == LANES and probe.at > now
      local caller, share
      if not waits then caller, share = foremost(lane) end
      if share then
        local at = share.at
        if probe and lane == LANES then probe.take(now) end
        share.at, last, last_slot = at + 2, { lane = lane, caller = caller, share = share }, slot
        return lane, share.page[at], ready_at_of(tonumber(share.page[at + 1]), now)
      end
      if not waits and not has_skipped[lane] then heal(lane, now) end
    end
  end
  local function skip(lane)
    last.share.skipped, last.share.has_skipped, has_skipped[lane] = last.share.skipped + 1, true, true
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
    if not lanes then return end
    advance_share(slot)
    for lane = 1, LANES do
      local is_changed = false
      for _, caller in ipairs(lanes[lane]) do
        for _, share in ipairs(caller.shares) do
          is_changed = is_changed or share.is_changed
          -- What it did not use while its heads were skipped is not kept for later.
          if share.has_skipped and share.time < virtual[lane] then share.time, share.is_changed = virtual[lane], true end
          if share.is_changed and (not share.is_over or share.has_skipped) then
            redis.call('HSET', key.shares, share.field, int(share.place) .. ' ' .. string.format('%.17g', share.time))
          end
        end
      end
      if is_changed then redis.call('HSET', key.shares, 'v' .. lane, string.format('%.17g', virtual[lane])) end
    end
  end
  return next_candidate, skip, first_left, save_shares
end
