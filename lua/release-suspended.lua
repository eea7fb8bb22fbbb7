#!lua flags=allow-oom
-- Returns messages to their queues, ahead of younger ones, once their template is sent again, their campaign is resumed or their rate is removed.
-- Names those whose template is rejected or whose campaign is cancelled or has ended, which the caller closes; and removes what has ended of
-- templates. Messages that wait until a person writes return if windows are checked no longer. Of those that wait for the daily limit, as
-- many people get theirs back as are free, in their order. Once a stop of all templates has ended by its time, one message is the probe, and the
-- others wait for it.
--
-- Keys:
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   grants           hash    recipient -> grant
--   pair-tat         zset    recipient -> TAT, µs
--   sender           hash    rules and state
--   drain-lease      string  the drain run of this sender
--   templates        hash    template, or `#` and a campaign -> why it is not sent
--   suspended        zset    `group:number:id` of messages that wait for their template, or until a person writes
--   daily            zset    recipient -> when it was counted for the daily limit, ms
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--   campaign-starts  zset    campaign -> when the next of its messages are released, µs
--
-- Arguments:
--   now    µs     empty for Redis's clock
--   limit  count  messages at most
--
-- Returns:
--   released  count, rejected, isDone?, wakeHint, cancelled, ended   rejected, cancelled and ended: ids; isDone: no more messages are to be released
--   no_rules  -                                    no rules are written for this sender
--- @include clock
--- @include sender
--- @include record
--- @include template_stop
--- @include suspended
--- @include campaign_plan
--- @include repair_ready
--- @include wake_hint

local sender, now = read_sender(), clock()
if not sender then return { 'no_rules' } end
local texts, templates, has_plans, has_rates = redis.call('HGETALL', key.templates), {}, nil, nil
for i = 1, #texts, 2 do
  local entry = read_template(texts[i + 1])
  local is_over = not entry or entry.until_us > 0 and entry.until_us <= now
  if not is_over then templates[texts[i]] = entry end
  local plan = string.find(texts[i], '^[#%%]') and read_plan(entry)
  has_plans = has_plans or plan
  if plan and plan.end_us <= now and entry.state ~= 'cancelled' then templates[texts[i]] = { state = 'ended', name = entry.name } end
end

local is_checked = redis.call('HEXISTS', key.sender, 'windowGapMs') == 1
local count, rejected, cancelled, ended, first_ready_at, last_number = 0, {}, {}, {}, math.huge, 0
local function release(member)
  local group, seq, id = string.match(member, '^([^:]+):(%d+):(.+)$')
  local text = redis.call('HGET', key.backlog, id)
  local record = text and read_record(text)
  redis.call('ZREM', key.suspended, member)
  count, last_number = count + 1, tonumber(seq)
  if not record then return end
  if group == ALL_TEMPLATES then redis.call('ZREM', key.suspended, stop_member_of(record, id)) end
  redis.call('ZADD', key.queue[record.lane], 0, member_of(record, id))
  first_ready_at = math.min(first_ready_at, repair_ready(sender, record.recipient, now) or math.huge)
end

local stop = read_stop()
if stop and not templates[ALL_TEMPLATES] and stop.state ~= 'releasing' then
  templates[ALL_TEMPLATES] = begin_probe_of_stop(stop, release, now)
end

local from, left = '-', arg.limit
local first_person = redis.call('ZRANGEBYLEX', key.suspended, '[+', '(,', 'LIMIT', 0, 1)[1]
-- After a partial restore nothing else would name them.
local is_listed = redis.call('EXISTS', key.daily_queue) == 1
if first_person and not is_listed then redis.call('ZADD', key.daily_queue, '0', string.match(first_person, '^%+([^:]+)')) end
if first_person or is_listed then
  --- @include daily
  local is_limited = sender.limits and string.find(sender.limits, 'daily', 1, true)
  local function release_person(recipient)
    local members = redis.call('ZRANGEBYLEX', key.suspended, '[+' .. recipient .. ':', '(+' .. recipient .. ';')
    for _, member in ipairs(members) do release(member) end
    redis.call('ZREM', key.daily_queue, recipient)
    left = left - 1
    return is_limited and #members or 0
  end
  -- Without a limit nothing counts.
  give_free(left, not is_limited or not blocked(sender, now), release_person, math.floor(now / 1000))
end
while left > 0 do
  local first = redis.call('ZRANGEBYLEX', key.suspended, from, '+', 'LIMIT', 0, 1)[1]
  if not first then break end
  local template = string.match(first, '^[^:]+')
  local entry, sign = templates[template], string.sub(first, 1, 1)
  local is_window, state = sign == '=', entry and entry.state or 'releasing'
  if is_window and is_checked then
    state = 'window'
  elseif sign == '+' then
    state = 'daily'
  elseif sign == ALL_TEMPLATES and template ~= ALL_TEMPLATES then
    state = 'stop' -- Their second places.
  end
  local named = state == 'rejected' and rejected or state == 'cancelled' and cancelled or state == 'ended' and ended or nil
  -- After a partial restore nothing else would return them.
  if state == 'planned' and redis.call('ZADD', key.campaign_starts, 'NX', int(now), start_of(template)) == 1 then first_ready_at = now end
  if state == 'releasing' or named then
    local members = redis.call('ZRANGEBYLEX', key.suspended, '[' .. template .. ':', '(' .. template .. ';', 'LIMIT', 0, left)
    left = left - #members
    for _, member in ipairs(members) do
      if named then named[#named + 1] = string.match(member, '^[^:]+:%d+:(.+)$') else release(member) end
    end
    if state == 'releasing' and not is_window then
      mark_template(template, state, 0, int(last_number), entry and entry.name or '- -', now)
      templates[template] = { state = state }
    end
  end
  -- Their groups are as many as people.
  from = state == 'window' and '(>' or state == 'daily' and '(,' or state == 'stop' and '(+' or '(' .. template .. ';'
end
-- What is over, and what has no message left to release, is removed.
for i = 1, #texts, 2 do
  local entry = templates[texts[i]]
  local is_left = redis.call('ZLEXCOUNT', key.suspended, '[' .. texts[i] .. ':', '(' .. texts[i] .. ';') > 0
  local is_over = not is_left and (not entry or entry.state == 'releasing')
  if is_over then redis.call('HDEL', key.templates, texts[i]) end
  has_rates = has_rates or not is_over and string.sub(texts[i], 1, 1) == '%'
end
if sender.limits then
  local all = read_stop()
  set_limit('stop', all and all.state ~= 'releasing')
  if redis.call('EXISTS', key.templates, key.suspended) == 0 then set_limit('templates', false) end
  set_limit('plans', has_plans)
  set_limit('rates', has_rates)
end
local hint = wake_hint(first_ready_at, now, blocked(sender, now))
return { 'released', count, rejected, left > 0 and 1 or 0, hint, cancelled, ended }
