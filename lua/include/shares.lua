--- @include numbers
--- @include limits
--- @include ready
--- @include campaign_name
-- Fair shares: callers whose messages wait in one lane alternate, by weight; and within the part of a caller its campaigns, and its messages without
-- one. They begin with the second caller of a sender or the first campaign, and end when no message needs them (end_shares.lua). Meanwhile `limits`
-- has the word `shares`; without it ready times alone decide. With it the score of a ready pair in `ready` is negative: the place of the share of its
-- head, and its ready time modulo 2^45 µs (1.1 years). So one range of scores has the ready pairs of one share, the longest ready first. The name of
-- a share is its caller, empty for a single one, and `#` and the campaign, if any. Fields of the hash `shares`:
--   <lane><share>  its place, and the virtual time of its caller after its last grant. The caller's own is the latest of its shares
--   v<lane>        the virtual time of the lane
--   =<caller>      its weight, unless that is 1
--   first          the moment one µs before fair shares began, and the only caller until then. Pairs that were ready by that moment are its own, and
--                  keep their ready times as scores. The field is deleted with the last of them.

-- Places from 0. The last one is shared by callers that find no other. Campaigns get the first ones, or else take part in the share of their caller.
local LAST_PLACE, CAMPAIGN_PLACES = 255, 128

local function is_shared(sender)
  return sender.limits and string.find(sender.limits, 'shares', 1, true)
end

-- The score of a ready pair; with 0 the lowest one of this place.
local function share_score(place, ready_at)
  return place * 2 ^ 45 - 2 ^ 53 + ready_at % 2 ^ 45
end

-- The share of a message with this caller, nil for a single one, and mark.
local function share_of(caller, mark)
  local campaign = campaign_of(mark)
  return (caller or '') .. (campaign and '#' .. campaign or '')
end

-- The caller of a share.
local function owner_of(share)
  return string.match(share, '^[^#]*')
end

-- The place of a share in a lane, which it gets at first use. Writes.
local function place_of(lane, share)
  local known = redis.call('HGET', key.shares, lane .. share)
  local place = known and tonumber(string.match(known, '^%d+'))
  if place then return place end
  local taken, fields = {}, redis.call('HGETALL', key.shares)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 1) == int(lane) then taken[tonumber(string.match(fields[i + 1], '^%d+')) or -1] = true end
  end
  place = 0
  while taken[place] and place < LAST_PLACE do place = place + 1 end
  local owner = owner_of(share)
  if owner ~= share and place >= CAMPAIGN_PLACES then return place_of(lane, owner) end
  local name = place == LAST_PLACE and '*' or share
  redis.call('HSETNX', key.shares, lane .. name, int(place) .. ' ' .. (redis.call('HGET', key.shares, 'v' .. lane) or '0'))
  return place
end

-- The score of a ready pair whose head is in this share; its ready time where there are no shares. Writes.
local function score_in_share(sender, lane, share, ready_at)
  return is_shared(sender) and share_score(place_of(lane, share), ready_at) or ready_at
end

-- Begins fair shares. `first`: the only caller until now. Writes.
local function begin_shares(sender, first, now)
  if is_shared(sender) then return end
  set_limit('shares', true)
  sender.limits = redis.call('HGET', key.sender, 'limits')
  -- A ready time of now may be that of another share.
  redis.call('HSET', key.shares, 'first', int(now - 1) .. ' ' .. first)
end

-- Notes the caller of a new message, `message` as in admit.lua, and begins fair shares with the second one, or for a campaign. Returns how many
-- messages of its caller may be unsettled, nil for any number, and its share. Writes.
local function meet_share(sender, message, now)
  local name, weight, cap = string.match(message.caller, '^([^*/]*)%*?(%d*)/?(%d*)$')
  local share, first = share_of(name, message.template), name
  if name ~= '' then
    local known = redis.call('HGET', key.sender, 'caller')
    first = known and string.match(known, '^[^*/]+') or name
    if first == name and known ~= message.caller then redis.call('HSET', key.sender, 'caller', message.caller) end
    if known ~= message.caller and (redis.call('HGET', key.shares, '=' .. name) or '') ~= weight then
      if weight == '' then redis.call('HDEL', key.shares, '=' .. name) else redis.call('HSET', key.shares, '=' .. name, weight) end
    end
  end
  if first ~= name or share ~= name then begin_shares(sender, first, now) end
  return tonumber(cap), share
end

-- The same of a message that is unsettled again: shares may have ended since it was accepted. Writes.
local function meet_reopened(sender, record, now)
  local first = string.match(redis.call('HGET', key.sender, 'caller') or '', '^[^*/]+')
  local is_other = first and record.caller and first ~= record.caller
  if campaign_of(record.template) or is_other then return begin_shares(sender, first or record.caller or '', now) end
  if record.caller and not first then redis.call('HSET', key.sender, 'caller', record.caller) end
end

-- The earliest ready time of all shares; math.huge where there are none. Reads only.
local function oldest_share(sender, now)
  local oldest, fields = math.huge, is_shared(sender) and redis.call('HGETALL', key.shares) or {}
  for i = 1, #fields, 2 do
    local lane, place = tonumber(string.match(fields[i], '^%d')), tonumber(string.match(fields[i + 1], '^(%d+) '))
    local waits = lane == LANES and string.find(sender.limits, 'bulk', 1, true)
    local range = lane and place and not waits and { int(share_score(place, 0)), int(share_score(place, 2 ^ 45 - 1)) }
    local score = range and redis.call('ZRANGEBYSCORE', key.ready[lane], range[1], range[2], 'WITHSCORES', 'LIMIT', 0, 1)[2]
    if score then oldest = math.min(oldest, ready_at_of(tonumber(score), now)) end
  end
  return oldest
end

-- The moment one µs before fair shares began, and the only caller until then; nil if none of its pairs from that time is left.
local function read_first()
  local moment, caller = string.match(redis.call('HGET', key.shares, 'first') or '', '^(%d+) (.*)$')
  return tonumber(moment), caller
end

-- How many pairs of this share are ready longer than since `moment`; nil where there are no shares. Reads only.
local function count_share(sender, lane, share, moment)
  if not is_shared(sender) then return nil end
  local known, count = redis.call('HGET', key.shares, lane .. share), 0
  local place = known and tonumber(string.match(known, '^%d+'))
  if place then count = redis.call('ZCOUNT', key.ready[lane], int(share_score(place, 0)), '(' .. int(share_score(place, moment))) end
  local began, first = read_first()
  if first ~= share then return count end
  return count + redis.call('ZCOUNT', key.ready[lane], 0, moment <= began and '(' .. int(moment) or int(began))
end
