--- @include gcra
--- @include lanes
-- Queues: the messages that wait for a recipient, members `recipient:seq:id` of a sorted set per lane. Reads only.
-- `queues` has such a set for each lane, or false for a lane that is known to be empty.

-- The sets of a key for each lane, false for those that one command shows to be empty: usually only the normal lane is used.
local function filled(sets)
  if redis.call('EXISTS', sets[1], sets[3]) > 0 then return sets end
  return { false, sets[2], false }
end

-- The first member of a recipient's queue in one lane, or nil.
local function head_of(queue, recipient)
  return queue and redis.call('ZRANGEBYLEX', queue, '[' .. recipient .. ':', '(' .. recipient .. ';', 'LIMIT', '0', '1')[1]
end

-- The id in a member.
local function id_of(member)
  return string.match(member, '^[^:]+:%d+:(.+)$')
end

-- How many messages wait for a recipient in the lanes `from` to `to`.
local function count_queued(queues, recipient, from, to)
  local count = 0
  for lane = from, to do
    if queues[lane] then count = count + redis.call('ZLEXCOUNT', queues[lane], '[' .. recipient .. ':', '(' .. recipient .. ';') end
  end
  return count
end

-- The ready time of a free pair: the lane of its head, the time, and the head's member; nil if its queue is empty. `since`: from when on this
-- message is the head of a free pair.
local function next_ready(queues, recipient, tat, rate, since)
  for lane = 1, LANES do
    local member = head_of(queues[lane], recipient)
    if member then return lane, math.max(since, earliest(tat, rate)), member end
  end
end

-- The lane at `place` in the order of lanes for slot number `slot`, both from 1. Every tenth slot goes to the lower lanes first, to normal and bulk
-- alternately: 1 2 3, or 2 3 1, or 3 2 1.
local function lane_at(slot, place)
  if slot % 10 ~= 0 then return place end
  if slot % 20 == 10 then return place % LANES + 1 end
  return LANES + 1 - place
end
