--- @include queue
--- @include record
--- @include shares
-- Scores of ready pairs where there are fair shares (shares.lua). Writes.

local MOST_CONVERTED = 1000

-- Ready times that have come get a score in the share of their head. Those until `began` are all of one caller, and stay.
local function convert_due(lane, began, now)
  local places, from, to = {}, began and '(' .. int(began) or '0', int(now)
  local function convert(due)
    for i = 1, #due, 2 do
      local member = head_of(key.queue[lane], due[i])
      local text = member and redis.call('HGET', key.backlog, id_of(member))
      local record = text and read_record(text)
      local share = record and share_of(record.caller, record.template) or ''
      places[share] = places[share] or place_of(lane, share)
      redis.call('ZADD', key.ready[lane], int(share_score(places[share], tonumber(due[i + 1]))), due[i])
    end
    return #due / 2
  end
  local count = convert(redis.call('ZRANGEBYSCORE', key.ready[lane], from, to, 'WITHSCORES', 'LIMIT', 0, MOST_CONVERTED))
  if count < MOST_CONVERTED then return end
  -- Many have become ready at once, as after a pause. What becomes ready since then does not wait until all of these have their scores.
  convert(redis.call('ZREVRANGEBYSCORE', key.ready[lane], to, from, 'WITHSCORES', 'LIMIT', 0, MOST_CONVERTED))
end

-- Pairs whose share is lost get their ready time back, and a share with the next claim.
local function heal(lane, now)
  local left = redis.call('ZRANGEBYSCORE', key.ready[lane], '-inf', '(0', 'WITHSCORES', 'LIMIT', 0, MOST_CONVERTED)
  for i = 1, #left, 2 do redis.call('ZADD', key.ready[lane], int(ready_at_of(tonumber(left[i + 1]), now)), left[i]) end
end
