#!lua flags=allow-oom
-- Moves a waiting message: to another lane, to another time, or to another end of its life. It keeps its number in the queue, so that in every lane
-- the messages of a pair stay in the order of their acceptance; with another time it joins its queue behind those that wait then. With the time it
-- keeps what was left of its life. A message that has been attempted keeps its time, which is that of its retry.
--
-- Keys:
--   backlog        hash    id -> record of an unsettled message
--   queue:<lane>   zset    messages that wait
--   ready:<lane>   zset    recipient -> when its head may be sent, µs
--   grants         hash    recipient -> grant
--   pair-tat       zset    recipient -> TAT, µs
--   seq            string  last number drawn for a queue
--   sender         hash    rules and state
--   scheduled      zset    `number:id` -> ms
--   unknown        zset    id -> hold end, ms
--   failures       zset    id -> nextRetryAt, ms
--   expiry         zset    id -> ms
--   drain-lease    string  the drain run of this sender
--   suspended      zset    `group:number:id` of messages that wait outside of their queues
--   daily-queue    zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now           µs      empty for Redis's clock
--   id            text    of the message
--   lane          number  1 to 3; nil for the one that it has
--   scheduledFor  ms      epoch; a moment of the past is now; nil for the time that it has
--   expiresAt     ms      epoch; nil for what is left of its life
--   history       JSON    who and what, one line
--
-- Returns:
--   moved      isScheduled?, wakeHint
--   unchanged  -   it has this lane, time and end already
--   expires    -   its life would end before it may start
--   retrying   -   it has been attempted, and keeps its time
--   busy       -   it is in flight, its outcome is unknown, or the sender has no rules yet
--   gone       -   it is settled or unknown
--- @include clock
--- @include numbers
--- @include history
--- @include record
--- @include schedule
--- @include sender
--- @include grant
--- @include hold
--- @include queue
--- @include wake_hint
--- @include repair_ready
--- @include join_queues

local id, now = arg.id, clock()
local now_ms = math.floor(now / 1000)
local text = redis.call('HGET', key.backlog, id)
local record = text and read_record(text)
if not record or record.lane == 0 then return { 'gone' } end
local sender, recipient, former = read_sender(), record.recipient, record.lane
if not sender then return { 'busy' } end
local grant = grant_of(recipient)
if (grant and grant.id == id) or redis.call('ZSCORE', key.unknown, id) then return { 'busy' } end
local has_failed = record.attempts > 0 or redis.call('ZSCORE', key.failures, id)
if arg.scheduledFor and has_failed then return { 'retrying' } end

-- Its time before and after, ms; nil in its queue.
local scheduled_member = scheduled_member_of(record, id)
local due_ms = tonumber(redis.call('ZSCORE', key.scheduled, scheduled_member) or nil)
local start_ms = arg.scheduledFor and math.max(arg.scheduledFor, now_ms) or due_ms
if not due_ms and start_ms == now_ms then start_ms = nil end
local lane = arg.lane or former
local expires = arg.expiresAt or record.expires + (start_ms or now_ms) - (due_ms or now_ms)
if expires <= math.max(start_ms or now_ms, now_ms) then return { 'expires' } end
if lane == former and start_ms == due_ms and expires == record.expires then return { 'unchanged' } end

local function head()
  for l = 1, LANES do
    local member = head_of(key.queue[l], recipient)
    if member then return member, l end
  end
end
local member, first, first_lane = member_of(record, id), head()
local leaves_queue = (lane ~= former or start_ms) and redis.call('ZREM', key.queue[former], member) == 1
record.lane, record.expires = lane, expires
append_history(record, now_ms, arg.history)
local stored, first_ready_at = format_record(record), math.huge
if start_ms then
  leave_suspended(record, id, sender.limits)
  redis.call('ZADD', key.scheduled, int(start_ms), scheduled_member)
  stored = mark_scheduled(stored)
elseif leaves_queue then
  redis.call('ZADD', key.queue[lane], '0', member)
end
redis.call('HSET', key.backlog, id, stored)
redis.call('ZADD', key.expiry, int(expires), id)
local last, last_lane = head()
-- The pair keeps its ready time, unless its head has left or it has joined a higher lane.
local has_left = first == member and (last ~= member or last_lane ~= first_lane)
local has_risen = last == member and (not first or last_lane < first_lane)
if has_left or has_risen then first_ready_at = repair_ready(sender, recipient, now) or math.huge end
-- With those that are due before it, and in their order.
if start_ms and start_ms <= now_ms then first_ready_at = math.min(first_ready_at, join_before_others(sender, now)) end
local is_scheduled = start_ms and start_ms > now_ms
return { 'moved', is_scheduled and 1 or 0, wake_hint(first_ready_at, now, blocked(sender, now)) }
