--- @include template_stop
--- @include suspended
--- @include campaign_hold
--- @include window
--- @include restart
-- What holds a message back that rate and state of its sender allow: its template, its campaign, the window of its recipient, the daily limit, or the
-- rate of its template or category.

-- Whether an older message waits in this group: then a younger one to the same person does, too. Reads only.
local function is_behind(group, seq)
  local from, to = bounds_of(group)
  local first = redis.call('ZRANGEBYLEX', key.suspended, from, to, 'LIMIT', 0, 1)[1]
  return first and (not seq or tonumber(string.match(first, ':(%d+):')) < seq)
end

-- What a template does to a message for this person. A stop for spam concerns only people whose window is not surely open. An older message waits all
-- the same if the stop had another reason when this window was opened: a younger one must not pass it. Reads only.
local function effect_on(template, recipient, seq, now_ms)
  local effect, own_effect, stop = template_effect(template, seq)
  local is_spared = stop and is_sparing(stop) and is_open_by_record(recipient, now_ms) and not is_behind(ALL_TEMPLATES .. recipient, seq)
  if is_spared then return own_effect end
  return effect
end

-- What template and window do to the message with this mark: nil, it may be sent; `template-paused` or `templates-stopped`, it waits; `rejected` with
-- its template; `window`: it waits until the person writes; `closed`: rejected, since the window is closed; `replace`: the other template is sent.
-- `seq`: its number in the queue, nil for none yet. Also returns the person's last act where the window is closed. Reads only.
local function own_effect_of(plan, template, recipient, seq, stops, now_ms)
  if not plan then return template and effect_on(template, recipient, seq, now_ms) end
  if plan == 'c' then return nil end
  -- Only proof rejects a message. One that waits or is replaced does not need it.
  local closed, act = is_closed(recipient, plan ~= 'r' and stops > 0, now_ms)
  if plan == 'w' and (closed or is_behind('=' .. recipient, seq)) then return 'window', act end
  if not closed then return nil end
  if plan == 'r' then return 'closed', act end
  return template and template_effect(template, seq) or 'replace', act
end

-- The same with its campaign, which comes first, as of campaign_effect(). And with the daily limit, which comes after the others: `daily-limit`, it
-- waits. The third value: what its grant has to call, which counts the recipient and takes the campaign's slot. `limits`: as of read_sender(). Reads
-- only.
local function unrated_effect_of(mark, recipient, seq, stops, limits, now)
  local plan, template, campaign = read_mark(mark)
  local now_ms, effect, act, take = math.floor(now / 1000), nil, nil, nil
  if campaign then
    effect, act, take = campaign_effect(campaign, seq, now)
    if effect then return effect, act end
  end
  effect, act = own_effect_of(plan, template, recipient, seq, stops, now_ms)
  if not string.find(limits, 'daily', 1, true) then return effect, act, take end
  -- In doubt it counts: only in a window that is surely open it does not.
  local may_count = effect == 'replace' or not effect and (plan == 'c' or not plan and template)
  if not may_count or is_open_by_record(recipient, now_ms) then return effect, act, take end
  --- @include daily
  if has_to_wait(recipient, seq, now_ms) then return 'daily-limit' end
  return effect, act, function()
    count_recipient(recipient, now_ms)
    if take then take() end
  end
end

-- The same with the rates of its template and category, which come last: only what could be sent takes a slot. `body`: as in its record. The fourth
-- value: the group of a rate. Reads only.
local function effect_of(mark, recipient, seq, stops, limits, now, body)
  local effect, act, take = unrated_effect_of(mark, recipient, seq, stops, limits, now)
  if effect and effect ~= 'replace' or not string.find(limits, 'rates', 1, true) then return effect, act, take end
  --- @include rate
  local reason, wait, take_rates, group = rate_effect(body, effect == 'replace', seq, now)
  if reason then return reason, wait, nil, group end
  if not take_rates then return effect, act, take end
  return effect, act, function()
    take_rates()
    if take then take() end
  end
end

-- What a message waits for with such an effect.
local function waiting_for_of(effect)
  return effect == 'cancelled' and 'campaign-paused' or effect == 'rejected' and 'template-paused' or effect
end

-- The same of a new message, as in admit.lua: its lane, the effect, how many messages wait for the same person, and how long this one waits, µs; of
-- a closed window how long ago it was closed; what it waits for; and what its grant calls. Writes only after a restart of Redis, which may have lost
-- acts.
local function hold_new(sender, message, now)
  cool_after_restart(sender, now)
  local now_ms, recipient, lane = math.floor(now / 1000), message.recipient, lane_of_new(message)
  local effect, act, on_grant = effect_of(message.template, recipient, nil, 0, sender.limits, now, message.payload)
  if effect == 'closed' then return lane, effect, 0, closed_for(act, now_ms) end
  if effect == 'daily-limit' then
    --- @include daily
    return lane, effect, count_suspended('+' .. recipient), daily_wait(recipient, now_ms), effect
  end
  local wait = is_planned(effect) and act or -1
  return lane, effect, effect == 'window' and count_suspended('=' .. recipient) or 0, wait, waiting_for_of(effect), on_grant
end

-- Moves the head of a queue to `suspended`, where it does not block its pair. A cancelled one is closed there. `starts_at`: when the first of its
-- campaign may start by its plan, or of its group by the rate, µs. Writes.
local function suspend(record, id, member, effect, starts_at, rate_group)
  local _, template, campaign = read_mark(record.template)
  local is_of_campaign = effect == 'campaign-paused' or effect == 'cancelled' or is_planned(effect)
  local group = rate_group or effect == 'window' and '=' .. record.recipient or effect == 'templates-stopped' and ALL_TEMPLATES
    or effect == 'daily-limit' and '+' .. record.recipient or is_of_campaign and '#' .. campaign or template
  redis.call('ZREM', key.queue[record.lane], member)
  redis.call('ZADD', key.suspended, '0', suspended_member_of(group, record.seq, id))
  if effect == 'templates-stopped' then redis.call('ZADD', key.suspended, '0', stop_member_of(record, id)) end
  if effect == 'daily-limit' then redis.call('ZADD', key.daily_queue, 'LT', int(record.seq), record.recipient) end
  if is_planned(effect) then redis.call('ZADD', key.campaign_starts, 'NX', int(starts_at), rate_group or campaign) end
end

-- What becomes of the head of a queue: `skipped` if its window is closed and it fails, which adds it to `closed`, or its campaign has ended, which
-- adds it to `expired`; `suspended`; `replace`, or nil. It is granted unless it is skipped or suspended, so that it is counted here. Writes.
local function hold_head(sender, record, id, member, now, closed, expired)
  local effect, wait, on_grant, group = effect_of(record.template, record.recipient, record.seq, record.stops, sender.limits, now, record.body)
  if not effect or effect == 'replace' then
    if on_grant then on_grant() end
    return effect
  end
  if effect == 'closed' or effect == 'ended' then
    table.insert(effect == 'ended' and expired or closed, id)
    return 'skipped'
  end
  suspend(record, id, member, effect, now + math.max(0, wait or 0), group)
  return 'suspended'
end
