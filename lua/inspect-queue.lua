#!lua flags=allow-oom
-- A page of a sender's queues: first the heads (each recipient's next message) by ready time, or caller by caller where they have
-- fair shares, then the messages behind them, recipient by
-- recipient; `all` goes lane by lane. Reads only the page and the queues of `limit` recipients.
--
-- Keys:
--   backlog       hash    id -> record of an unsettled message
--   queue:<lane>  zset    messages that wait
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> TAT, µs
--   sender        hash    rules and state
--
-- Arguments:
--   now    µs     empty for Redis's clock
--   which  word   due: ready, or behind a ready head and late by the pair rate; later: not due; all: every message
--   skip   count  messages before the page
--   size   count  of the page
--   limit  count  recipients whose messages behind the head are returned
--
-- Returns:
--   page        messages[]
--   messages[]  id, record, momentMs, position
-- momentMs: when the pair rate allows it; position: in the pair's queue; both 0 for `all`. Empty where no rules are written.
--- @include clock
--- @include sender
--- @include ready
--- @include queue
--- @include pair_tat

local skip, left, limit = arg.skip, arg.size, arg.limit
local sender = read_sender()
if not sender then return { 'page', {} } end
local now = clock()
local page = {}

local function put(member, moment, position)
  local id = id_of(member or '')
  local record = id and redis.call('HGET', key.backlog, id)
  if record then page[#page + 1] = { id, record, math.floor(moment / 1000), position } end
end

-- The part of a section of `count` messages that is on the page: first and last from 0, or nil.
local function window(count)
  local first = math.min(skip, count)
  skip = skip - first
  local last = math.min(count, first + left) - 1
  left = left - (last - first + 1)
  if last >= first then return first, last end
end

-- Puts the members of a pair's queue, lanes together, from one position to another, counted from 1.
local function put_range(recipient, from, to, moment_of)
  local before = 0
  for lane = 1, LANES do
    local count = count_queued(key.queue, recipient, lane, lane)
    local first, last = math.max(from, before + 1), math.min(to, before + count)
    if first <= last then
      local start = redis.call('ZRANK', key.queue[lane], head_of(key.queue[lane], recipient)) - before - 1
      local members = redis.call('ZRANGE', key.queue[lane], start + first, start + last)
      for i, member in ipairs(members) do put(member, moment_of(first + i - 1), first + i - 1) end
    end
    before = before + count
  end
end

if arg.which == 'all' then
  for lane = 1, LANES do
    local first, last = window(redis.call('ZCARD', key.queue[lane]))
    for _, member in ipairs(first and redis.call('ZRANGE', key.queue[lane], first, last) or {}) do put(member, 0, 0) end
  end
  return { 'page', page }
end

local queues, due = filled(key.queue), {}
for lane = 1, LANES do
  due[lane] = redis.call('ZCOUNT', key.ready[lane], '-inf', now)
  local offset = arg.which == 'due' and 0 or due[lane]
  local first, last = window(arg.which == 'due' and due[lane] or redis.call('ZCARD', key.ready[lane]) - offset)
  local heads = first and redis.call('ZRANGE', key.ready[lane], offset + first, offset + last, 'WITHSCORES') or {}
  for i = 1, #heads, 2 do put(head_of(key.queue[lane], heads[i]), ready_at_of(tonumber(heads[i + 1]), now), 1) end
end
if left <= 0 then return { 'page', page } end

-- Messages behind a due head are due as well if their time has passed: one for each interval that the pair is late.
local function put_behind(recipient, ready_at, is_granted)
  local count, is_due = count_queued(queues, recipient, 1, LANES), not is_granted and ready_at <= now
  local passed = is_due and math.min(count, sender.pair_rate.burst + math.floor((now - ready_at) / sender.pair_rate.interval)) or 0
  local from, to = math.max(passed, is_granted and 0 or 1), count
  if arg.which == 'due' then from, to = 1, passed end
  local first, last = window(math.max(0, to - from))
  if not first then return end
  put_range(recipient, from + first + 1, from + last + 1, function(position)
    return ready_at + math.max(0, position - sender.pair_rate.burst) * sender.pair_rate.interval
  end)
end

for lane = 1, LANES do
  local last = math.min(limit, arg.which == 'due' and due[lane] or math.huge) - 1
  local heads = last >= 0 and redis.call('ZRANGE', key.ready[lane], 0, last, 'WITHSCORES') or {}
  for i = 1, #heads, 2 do
    if left > 0 then put_behind(heads[i], ready_at_of(tonumber(heads[i + 1]), now), false) end
  end
  limit = limit - #heads / 2
end
-- A pair with a grant has no ready time; its queue comes after the message in flight.
if arg.which == 'later' and redis.call('HLEN', key.grants) <= limit then
  for _, recipient in ipairs(redis.call('HKEYS', key.grants)) do
    if left > 0 then put_behind(recipient, math.max(now, earliest(pair_tat_of(recipient), sender.pair_rate)), true) end
  end
end
return { 'page', page }
