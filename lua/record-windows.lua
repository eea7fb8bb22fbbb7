#!lua flags=allow-oom
-- Records that webhooks of a sender came, and which people wrote or called: that opens their windows. What waits for them, for the daily limit, or
-- for the end of a stop for spam, returns to its queue, with its number. After a silence in which webhooks may have been lost, no window is surely
-- closed for a day.
--
-- Keys:
--   backlog       hash    id -> record of an unsettled message
--   queue:<lane>  zset    messages that wait
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> TAT, µs
--   sender        hash    rules and state
--   drain-lease   string  the drain run of this sender
--   templates     hash    template, or `*` -> why it is not sent
--   suspended     zset    `group:number:id` of messages that wait outside of their queues
--   windows       zset    recipient -> last act, ms
--   daily-queue   zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now   µs    empty for Redis's clock
--   acts  text  `<recipient> <ms>` for each person, separated by spaces; `?p` or `?u` for one whose number or user id is not known
--
-- Returns:
--   recorded  released, isGap?, wakeHint   released: messages that are in their queues again; isGap: webhooks may have been lost before
--   off       -                            windows are not checked, or no rules are written
--- @include clock
--- @include sender
--- @include record
--- @include hold
--- @include repair_ready
--- @include wake_hint

local sender, now = read_sender(), clock()
local now_ms = math.floor(now / 1000)
local coverage = read_coverage()
if not sender or not coverage then return { 'off' } end
local is_first, is_gap = coverage.last == 0, is_silent(coverage, now_ms)
local since = (is_first or is_gap) and now_ms or coverage.since

local stop = sender.limits and string.find(sender.limits, 'templates', 1, true) and redis.call('HGET', key.templates, ALL_TEMPLATES)
local spares_open = stop and is_sparing(stop)
local members = {}

local function add_group(group)
  local from, to = bounds_of(group)
  for _, member in ipairs(redis.call('ZRANGEBYLEX', key.suspended, from, to)) do members[#members + 1] = member end
end
local function leave_group(member)
  local group, number, id = string.match(member, '^([^:]+):(%d+):(.+)$')
  local text = redis.call('HGET', key.backlog, id)
  local record = text and read_record(text)
  redis.call('ZREM', key.suspended, member)
  local is_stopped = string.sub(group, 1, 1) == ALL_TEMPLATES
  -- Without the first place it does not wait for the stop.
  if is_stopped and redis.call('ZREM', key.suspended, ALL_TEMPLATES .. ':' .. number .. ':' .. id) == 0 then return end
  if record then redis.call('ZADD', key.queue[record.lane], 0, member_of(record, id)) end
end
local function release(recipient)
  local ready_at = math.huge
  for _, member in ipairs(members) do leave_group(member) end
  if #members > 0 then ready_at = repair_ready(sender, recipient, now) or math.huge end
  return #members, ready_at
end

local released, first_ready_at = 0, math.huge
for member, ms in string.gmatch(arg.acts, '(%S+) (%d+)') do
  local at = math.min(tonumber(ms), now_ms)
  redis.call('ZADD', key.windows, 'GT', int(at), member)
  members = {}
  if at > now_ms - WINDOW_MS - MARGIN_MS and at > act_of('-' .. member) - MARGIN_MS then
    add_group('=' .. member)
    -- In an open window a message does not count.
    if redis.call('ZREM', key.daily_queue, member) == 1 then add_group('+' .. member) end
  end
  -- As a new message passes.
  if spares_open and is_open_by_record(member, now_ms) then add_group(ALL_TEMPLATES .. member) end
  local count, ready_at = release(member)
  released, first_ready_at = released + count, math.min(first_ready_at, ready_at)
end
local excess = redis.call('ZCARD', key.windows) - MAX_WINDOWS
if excess > 0 then
  local popped = redis.call('ZPOPMIN', key.windows, excess)
  since = math.max(since, tonumber(popped[#popped]))
end
write_coverage(since, now_ms, 0)
return { 'recorded', released, is_gap and not is_first and 1 or 0, wake_hint(first_ready_at, now, blocked(sender, now)) }
