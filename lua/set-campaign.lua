#!lua flags=allow-oom
-- Creates, pauses, resumes or cancels a campaign at one sender, or changes its plan. While it is paused or cancelled, none of its messages is
-- granted, and those at the head of a queue wait outside of it, as those do that its plan holds. A cancelled campaign stays so.
--
-- Keys:
--   sender           hash    rules and state
--   campaigns        hash    campaign, or `~` and a caller -> counts of its messages
--   templates        hash    templates, and `#` and campaigns, that are not sent now
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   campaign-starts  zset    campaign -> when the next of its messages are released, µs
--   drain-lease      string  the drain run of this sender
--
-- Arguments:
--   now        µs    empty for Redis's clock
--   campaign   text  its name
--   state      word  paused; running; cancelled; or empty: as it is, which also creates it
--   lane       text  1 to 3, of its messages that name none; 0 for none; empty: as it is
--   perSecond  text  messages that start in a second; 0 for any number; empty: as it is
--   startAt    text  ms, before which none starts; 0 for none; empty: as it is
--   endAt      text  ms, after which none starts; 0 for none; empty: as it is
--   check      flag  write nothing: whether the plan can be
--
-- Returns:
--   written    had?, isPlanned?, wakeHint   whether it was there, and whether its plan has changed
--   possible   -                     of `check`: the plan can be
--   cancelled  -                     it is cancelled already, and nothing has changed
--   wrong      field, reason, startAt, endAt    startAt or endAt cannot be, and nothing has changed: past, or order; both as they would be, ms
--- @include clock
--- @include template
--- @include campaign_plan
--- @include counts
--- @include sender
--- @include wake_hint

-- A start this far in the past still means now: clocks differ, and requests take time.
local TOLERANCE_MS = 60000
local now = clock()
local now_ms = math.floor(now / 1000)
local name, group = arg.campaign, '#' .. arg.campaign
local text = redis.call('HGET', key.campaigns, name)
local words = text and read_counts(text) or new_counts('running', now_ms)
if text and words[1] == 'cancelled' then return { 'cancelled' } end

local entry = read_template(redis.call('HGET', key.templates, group))
local former = entry and string.match(entry.name, ' .+$') or ' 0 0 0 0'
local per_second, start_at, end_at, lane = string.match(former, '^ (%S+) (%S+) (%S+) (%S+)$')
local function changed(value, is_now) return value ~= '' and value ~= is_now end
local has_new_start, has_new_end = changed(arg.startAt, start_at), changed(arg.endAt, end_at)
local has_new_rate = changed(arg.perSecond, per_second)
if arg.perSecond ~= '' then per_second = arg.perSecond end
if arg.startAt ~= '' then start_at = arg.startAt end
if arg.endAt ~= '' then end_at = arg.endAt end
if arg.lane ~= '' then lane = arg.lane end
local start_ms, end_ms = tonumber(start_at), tonumber(end_at)
local function wrong(field, reason) return { 'wrong', field, reason, start_ms, end_ms } end
if has_new_start and start_ms > 0 and start_ms < now_ms - TOLERANCE_MS then return wrong('startAt', 'past') end
if has_new_end and end_ms > 0 and end_ms <= now_ms then return wrong('endAt', 'past') end
if (has_new_start or has_new_end) and end_ms > 0 and end_ms <= start_ms then return wrong(has_new_end and 'endAt' or 'startAt', 'order') end
if arg.check then return { 'possible' } end

local plan_text = string.format(' %s %s %s %s', per_second, start_at, end_at, lane)
local has_plan, state = plan_text ~= ' 0 0 0 0', arg.state ~= '' and arg.state or words[1]
local described = name .. (has_plan and plan_text or '')
local is_waiting, first_at = redis.call('ZLEXCOUNT', key.suspended, '[' .. group .. ':', '(' .. group .. ';') > 0, math.huge
if state ~= 'running' then
  mark_template(group, state, 0, '-', described, now)
elseif has_plan then
  local plan = read_plan({ name = described, code = entry and entry.state == 'planned' and entry.code or '0' })
  -- Of another rate, and after a pause, the first message follows after an interval: when the last one started is not known.
  if plan.interval == 0 then plan.tat = 0
  elseif has_new_rate or not entry or entry.state ~= 'planned' then plan.tat = now + plan.interval end
  mark_template(group, 'planned', 0, int(plan.tat), described, now)
  set_limit('plans', true)
  if is_waiting then first_at = math.max(plan.start_us, plan.tat, now) end
elseif not is_waiting then
  redis.call('HDEL', key.templates, group)
elseif words[1] == 'paused' or entry and entry.state == 'planned' then
  mark_template(group, 'releasing', 0, '0', name, now)
end
if first_at < math.huge then redis.call('ZADD', key.campaign_starts, int(first_at), name) else redis.call('ZREM', key.campaign_starts, name) end
words[1] = state
redis.call('HSET', key.campaigns, name, table.concat(words, ' '))
local sender = read_sender()
return { 'written', text and 1 or 0, plan_text ~= former and 1 or 0, sender and wake_hint(first_at, now, blocked(sender, now)) or '' }
