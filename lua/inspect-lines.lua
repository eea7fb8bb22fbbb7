#!lua flags=allow-oom
-- A page of a sender's lines. First the heads (each recipient's next message) in the order of their turns, then who stands
-- behind them, recipient by recipient; `all` goes line by line. Reads the page and, behind the heads, `limit` recipients.
--
-- KEYS[1]   backlog       hash    id -> record of an unsettled message
-- KEYS[2]   lines:urgent  zset    who waits
-- KEYS[3]   lines:normal  zset    who waits
-- KEYS[4]   lines:bulk    zset    who waits
-- KEYS[5]   turns:urgent  zset    recipient -> µs
-- KEYS[6]   turns:normal  zset    recipient -> µs
-- KEYS[7]   turns:bulk    zset    recipient -> µs
-- KEYS[8]   held          hash    recipient -> grant
-- KEYS[9]   pace          zset    recipient -> TAT, µs
-- KEYS[10]  sender        hash    rules and state
--
-- ARGV[1]   now    µs     '' for Redis's clock
-- ARGV[2]   which  word   due: whose turn, or promise behind a due head, has come; later: who is not due; all: everybody
-- ARGV[3]   skip   count  of that order, to reach the page
-- ARGV[4]   take   count  size of the page
-- ARGV[5]   limit  count  recipients behind whose heads is looked; behind further ones nobody is shown
--
-- Returns:
--   {{id, record, when the pair's pace lets it go in ms or 0 for `all`, position in the pair's line or 0 for `all`}, ...}
--   {}  also where no rules are written for this sender
--- @include clock
--- @include gcra
--- @include sender
--- @include line
local backlog, lines, turns = KEYS[1], { KEYS[2], KEYS[3], KEYS[4] }, { KEYS[5], KEYS[6], KEYS[7] }
local held, pace, sender_key = KEYS[8], KEYS[9], KEYS[10]
local given, which, skip, take, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local sender = read_sender(sender_key)
if not sender then return {} end
local now = clock(given)
local page = {}

local function put(member, moment, position)
  local id = string.match(member or '', '^[^:]+:%d+:(.+)$')
  local record = id and redis.call('HGET', backlog, id)
  if record then page[#page + 1] = { id, record, math.floor(moment / 1000), position } end
end

-- The part of a stretch of `count` that belongs on the page, from 0: first and last, or nil.
local function window(count)
  local first = math.min(skip, count)
  skip = skip - first
  local last = math.min(count, first + take) - 1
  take = take - (last - first + 1)
  if last >= first then return first, last end
end

-- The members of a pair's line, lanes together, from one position to another, counted from 1.
local function stand(recipient, from, to, moment_of)
  local before = 0
  for lane = 1, LANES do
    local count = waiting(lines, recipient, lane, lane)
    local first, last = math.max(from, before + 1), math.min(to, before + count)
    if first <= last then
      local start = redis.call('ZRANK', lines[lane], head(lines[lane], recipient)) - before - 1
      local members = redis.call('ZRANGE', lines[lane], start + first, start + last)
      for i, member in ipairs(members) do put(member, moment_of(first + i - 1), first + i - 1) end
    end
    before = before + count
  end
end

if which == 'all' then
  for lane = 1, LANES do
    local first, last = window(redis.call('ZCARD', lines[lane]))
    for _, member in ipairs(first and redis.call('ZRANGE', lines[lane], first, last) or {}) do put(member, 0, 0) end
  end
  return page
end

-- Most senders use one lane: who asks a thousand recipients leaves empty ones out.
local filled = {}
for lane = 1, LANES do
  if redis.call('EXISTS', lines[lane]) == 1 then filled[#filled + 1] = lines[lane] end
end

local due = {}
for lane = 1, LANES do
  due[lane] = redis.call('ZCOUNT', turns[lane], '-inf', now)
  local offset = which == 'due' and 0 or due[lane]
  local first, last = window(which == 'due' and due[lane] or redis.call('ZCARD', turns[lane]) - offset)
  local heads = first and redis.call('ZRANGE', turns[lane], offset + first, offset + last, 'WITHSCORES') or {}
  for i = 1, #heads, 2 do put(head(lines[lane], heads[i]), tonumber(heads[i + 1]), 1) end
end
if take <= 0 then return page end

-- Behind a head that is due those are due too whose moment has passed: one for each interval that the pair is late.
local function behind(recipient, turn, is_held)
  local count, is_due = waiting(filled, recipient, 1, #filled), not is_held and turn <= now
  local passed = is_due and math.min(count, sender.pair.burst + math.floor((now - turn) / sender.pair.interval)) or 0
  local from, to = math.max(passed, is_held and 0 or 1), count
  if which == 'due' then from, to = 1, passed end
  local first, last = window(math.max(0, to - from))
  if not first then return end
  stand(recipient, from + first + 1, from + last + 1, function(position)
    return turn + math.max(0, position - sender.pair.burst) * sender.pair.interval
  end)
end

for lane = 1, LANES do
  local until_rank = math.min(limit, which == 'due' and due[lane] or math.huge) - 1
  local pairs_here = until_rank >= 0 and redis.call('ZRANGE', turns[lane], 0, until_rank, 'WITHSCORES') or {}
  for i = 1, #pairs_here, 2 do
    if take > 0 then behind(pairs_here[i], tonumber(pairs_here[i + 1]), false) end
  end
  limit = limit - #pairs_here / 2
end
-- A pair in flight has no turn; whoever stands in its line comes after what is being sent.
if which == 'later' and redis.call('HLEN', held) <= limit then
  for _, recipient in ipairs(redis.call('HKEYS', held)) do
    local tat = tonumber(redis.call('ZSCORE', pace, recipient) or 0)
    if take > 0 then behind(recipient, math.max(now, earliest(tat, sender.pair)), true) end
  end
end
return page
