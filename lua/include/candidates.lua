--- @include numbers
--- @include queue
-- The pairs that a claim considers: the ready pairs of each lane, the longest ready first. Reads only.

-- Returns three functions: for the next candidate (its lane, recipient and ready time), where the order of lanes for the slot chooses among them;
-- for a candidate that is not granted and stays ready; and for the earliest ready time that is left, math.huge for none. A grant leaves `ready`.
-- Each lane is read in pages of one more than is wanted, so that what is left is known, too. `probe`: of the lane `bulk` while it is on hold, or nil.
local function create_candidates(ready, want, now, probe)
  local pages, position, skipped = {}, { 1, 1, 1 }, { 0, 0, 0 }
  local function read_page(lane)
    pages[lane] = redis.call('ZRANGE', ready[lane], int(skipped[lane]), int(skipped[lane] + want), 'WITHSCORES')
    position[lane] = 1
  end
  for lane = 1, LANES do
    if ready[lane] then read_page(lane) end
  end
  local function next_candidate(slot)
    for place = 1, LANES do
      local lane = lane_at(slot, place)
      if ready[lane] and not (probe and lane == LANES and probe.at > now) then
        if position[lane] > 2 * want + 2 then read_page(lane) end
        local page, at = pages[lane], position[lane]
        local ready_at = tonumber(page[at + 1])
        if ready_at and ready_at <= now then
          position[lane] = at + 2
          if probe and lane == LANES then probe.take(now) end
          return lane, page[at], ready_at
        end
      end
    end
  end
  local function skip(lane) skipped[lane] = skipped[lane] + 1 end
  local function first_left()
    local first = math.huge
    for lane = 1, LANES do
      if ready[lane] and position[lane] > 2 * want + 2 then read_page(lane) end
      local left = ready[lane] and (skipped[lane] > 0 and now or tonumber(pages[lane][position[lane] + 1]))
      if left and probe and lane == LANES then left = math.max(left, probe.at) end
      if left and left < first then first = left end
    end
    return first
  end
  return next_candidate, skip, first_left
end

-- The same where the lane `bulk` may be on hold, or there may be fair shares. Then it writes, and with shares it returns another function: it writes
-- them, with the slot after the last grant.
local function choose_candidates(sender, ready, want, now)
  if not sender.limits then return create_candidates(ready, want, now) end
  local probe
  if string.find(sender.limits, 'bulk', 1, true) then
    --- @include bulk_hold
    probe = read_bulk_probe()
  end
  if not string.find(sender.limits, 'shares', 1, true) then return create_candidates(ready, want, now, probe) end
  --- @include share_candidates
  return create_shared_candidates(want, now, probe)
end
