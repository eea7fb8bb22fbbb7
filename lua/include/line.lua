-- Lines: who waits for a pair, members `recipient:seq:id` in a sorted set per lane. Turns: when a free pair may go.
-- Needs: gcra.

local LANES = 3

-- The first member of a recipient's line in one lane, or nil. `lines` is false where the lane is known to be empty.
local function head(lines, recipient)
  return lines and redis.call('ZRANGEBYLEX', lines, '[' .. recipient .. ':', '(' .. recipient .. ';', 'LIMIT', 0, 1)[1]
end

-- Numbers for lines, drawn for so many messages at once, since one that isn't used leaves a gap, which no order minds.
local function numbers(seq, count)
  local last, drawn = nil, 0
  return function()
    last, drawn = last or redis.call('INCRBY', seq, count) - count, drawn + 1
    return last + drawn
  end
end

-- The earliest turn of a lane in µs, or nil.
local function first_turn(turns)
  local turn = redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')
  return turn[1] and tonumber(turn[2])
end

-- How many wait for a recipient in the lanes `from` to `to`.
local function waiting(lines, recipient, from, to)
  local count = 0
  for l = from, to do
    count = count + redis.call('ZLEXCOUNT', lines[l], '[' .. recipient .. ':', '(' .. recipient .. ';')
  end
  return count
end

-- The lane in which a recipient has its turn, and the turn's score in µs; nil where it has none.
local function turn_of(turns, recipient)
  for lane = 1, LANES do
    local score = redis.call('ZSCORE', turns[lane], recipient)
    if score then return lane, tonumber(score) end
  end
end

-- Where the turn of a free pair belongs: the lane of its foremost message, the score, the message's member. nil: nobody
-- waits. `since` is the moment at which that message became head of a free pair.
local function next_turn(lines, recipient, tat, pair, since)
  for lane = 1, LANES do
    local member = head(lines[lane], recipient)
    if member then return lane, math.max(since, earliest(tat, pair)), member end
  end
end

-- Does this flow slot (counted from 1) go to the lower lanes first? Every tenth does, normal and bulk by turns.
local function lane_order(slot)
  if slot % 10 ~= 0 then return { 1, 2, 3 } end
  if slot % 20 == 10 then return { 2, 3, 1 } end
  return { 3, 2, 1 }
end
