--- @include numbers
--- @include limits
--- @include ready
-- Fair shares: callers whose messages wait in one lane alternate, by weight. They begin with the second caller of a sender; the word `callers` in
-- `limits` says that they have begun. Until then ready times alone decide. From then on the score of a ready pair in `ready` is negative: the place
-- of its head's caller, and its ready time modulo 2^46 µs (2.2 years). So one range of scores has one caller's ready pairs, the longest ready first.
-- Fields of the hash `shares`:
--   <lane><caller>  its place, and the virtual time of its next grant
--   v<lane>         the virtual time of the lane
--   =<caller>       its weight, unless that is 1
--   first           the moment one µs before fair shares began, and the only caller until then. Pairs that were ready by that moment are its own, and
--                   keep their ready times as scores. The field is deleted with the last of them.

-- Places from 0. The last one is shared by callers that find no other.
local LAST_PLACE = 127

local function is_shared(sender)
  return sender.limits and string.find(sender.limits, 'callers', 1, true)
end

-- The score of a ready pair; with 0 the lowest one of this place.
local function share_score(place, ready_at)
  return place * 2 ^ 46 - 2 ^ 53 + ready_at % 2 ^ 46
end

-- The place of a caller in a lane, which it gets at first use. Writes.
local function place_of(lane, caller)
  local share = redis.call('HGET', key.shares, lane .. caller)
  local place = share and tonumber(string.match(share, '^%d+'))
  if place then return place end
  local taken, fields = {}, redis.call('HGETALL', key.shares)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 1) == int(lane) then taken[tonumber(string.match(fields[i + 1], '^%d+')) or -1] = true end
  end
  place = 0
  while taken[place] and place < LAST_PLACE do place = place + 1 end
  local name = place == LAST_PLACE and '*' or caller
  redis.call('HSETNX', key.shares, lane .. name, int(place) .. ' ' .. (redis.call('HGET', key.shares, 'v' .. lane) or '0'))
  return place
end

-- The score of a pair that is ready, in the share of its head's caller; its ready time where callers have no shares. Writes.
local function score_in_share(sender, lane, caller, ready_at)
  return is_shared(sender) and share_score(place_of(lane, caller), ready_at) or ready_at
end

-- Notes the caller of a new message, and begins fair shares with the second one. `caller`: as in admit.lua. Returns its name, and how many of its
-- messages may be unsettled; nil for any number. Writes.
local function meet_caller(sender, caller, now)
  local name, weight, cap = string.match(caller, '^([^*/]+)%*?(%d*)/?(%d*)$')
  local known = redis.call('HGET', key.sender, 'caller')
  if known == caller then return name, tonumber(cap) end
  local known_name = known and string.match(known, '^[^*/]+')
  if not known or known_name == name then
    redis.call('HSET', key.sender, 'caller', caller)
  elseif not is_shared(sender) then
    set_limit('callers', true)
    sender.limits = redis.call('HGET', key.sender, 'limits')
    -- A ready time of now may be the second caller's.
    redis.call('HSET', key.shares, 'first', int(now - 1) .. ' ' .. known_name)
  end
  if (redis.call('HGET', key.shares, '=' .. name) or '') == weight then return name, tonumber(cap) end
  if weight == '' then redis.call('HDEL', key.shares, '=' .. name) else redis.call('HSET', key.shares, '=' .. name, weight) end
  return name, tonumber(cap)
end

-- The earliest ready time of all callers; math.huge where they have no shares. Reads only.
local function oldest_share(sender, now)
  local oldest, fields = math.huge, is_shared(sender) and redis.call('HGETALL', key.shares) or {}
  for i = 1, #fields, 2 do
    local lane, place = tonumber(string.match(fields[i], '^%d')), tonumber(string.match(fields[i + 1], '^(%d+) '))
    local waits = lane == LANES and string.find(sender.limits, 'bulk', 1, true)
    local range = lane and place and not waits and { int(share_score(place, 0)), int(share_score(place, 2 ^ 46 - 1)) }
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

-- How many pairs of this caller are ready longer than since `moment`; nil where callers have no shares. Reads only.
local function count_share(sender, lane, caller, moment)
  if not is_shared(sender) then return nil end
  local share, count = redis.call('HGET', key.shares, lane .. caller), 0
  local place = share and tonumber(string.match(share, '^%d+'))
  if place then count = redis.call('ZCOUNT', key.ready[lane], int(share_score(place, 0)), '(' .. int(share_score(place, moment))) end
  local began, first = read_first()
  if first ~= caller then return count end
  return count + redis.call('ZCOUNT', key.ready[lane], 0, moment <= began and '(' .. int(moment) or int(began))
end
