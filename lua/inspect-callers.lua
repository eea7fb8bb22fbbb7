#!lua flags=allow-oom
-- The callers of one sender: their counts, how many of their messages are in flight, and since when the longest ready one waits.
--
-- Keys:
--   campaigns      hash  campaign, or `~` and a caller -> counts of its messages
--   grants         hash  recipient -> grant
--   backlog        hash  id -> record of an unsettled message
--   queue:<lane>   zset  messages that wait
--   ready:<lane>   zset  recipient -> when its head may be sent, µs
--   shares         hash  callers of each lane, and their virtual times
--
-- Arguments:
--   now    µs     empty for Redis's clock
--   limit  count  ready pairs of a lane whose messages are read, as long as they are not in the share of a caller
--
-- Returns:
--   callers  nowMs, found[]
--   found[]  name, entry, inFlight, readyUs
-- readyUs: the earliest ready time that has come, 0 for none.
--- @include clock
--- @include in_flight
--- @include queue
--- @include shares

local now = clock()
local entries, found, ready = redis.call('HGETALL', key.campaigns), {}, {}
for i = 1, #entries, 2 do
  local name = string.match(entries[i], '^~(.+)$')
  if name then found[#found + 1] = { name, entries[i + 1] } end
end
local function meet(caller, score)
  ready[caller] = math.min(ready[caller] or math.huge, ready_at_of(tonumber(score), now))
end
-- Ready pairs of these scores, by the callers of their heads.
local function meet_heads(lane, from, to)
  local pairs_of_lane = redis.call('ZRANGEBYSCORE', key.ready[lane], from, to, 'WITHSCORES', 'LIMIT', 0, arg.limit)
  for i = 1, #pairs_of_lane, 2 do
    local member = head_of(key.queue[lane], pairs_of_lane[i])
    local text = member and redis.call('HGET', key.backlog, id_of(member))
    local record = text and read_record(text)
    if record and record.caller then meet(record.caller, pairs_of_lane[i + 1]) end
  end
end

if #found > 0 then
  local shares = redis.call('HGETALL', key.shares)
  for i = 1, #shares, 2 do
    local lane, name = string.match(shares[i], '^(%d)(.+)$')
    local place = lane and tonumber(string.match(shares[i + 1], '^%d+'))
    if place then
      local from, to = int(share_score(place, 0)), int(share_score(place, 2 ^ 45 - 1))
      local score = redis.call('ZRANGEBYSCORE', key.ready[tonumber(lane)], from, to, 'WITHSCORES', 'LIMIT', 0, 1)[2]
      if place == LAST_PLACE then meet_heads(tonumber(lane), from, to) elseif score then meet(owner_of(name), score) end
    end
  end
  local began, first = read_first()
  for lane = 1, LANES do
    local score = began and redis.call('ZRANGEBYSCORE', key.ready[lane], 0, int(began), 'WITHSCORES', 'LIMIT', 0, 1)[2]
    if score then meet(first, score) end
    meet_heads(lane, began and '(' .. int(began) or 0, int(now))
  end
  local in_flight = count_in_flight(function(record) return record.caller end)
  for _, one in ipairs(found) do one[3], one[4] = in_flight[one[1]] or 0, ready[one[1]] or 0 end
end
return { 'callers', math.floor(now / 1000), found }
