--- @include template_stop
--- @include window
--- @include restart
-- What holds a message back that rate and state of its sender allow: its template, its campaign, or the window of its recipient.

-- The place of a message that waits outside of its queue: the group is a template, `*` for all of them, `=` and a recipient, or `#` and a campaign.
local function suspended_member_of(group, seq, id)
  return string.format('%s:%012d:%s', group, seq, id)
end

-- The bounds of a group in `suspended`.
local function bounds_of(group)
  return '[' .. group .. ':', '(' .. group .. ';'
end

-- How many messages wait until this person writes. Reads only.
local function count_suspended(recipient)
  return redis.call('ZLEXCOUNT', key.suspended, bounds_of('=' .. recipient))
end

-- Whether an older message waits for the same person to write: then this one does, too. Reads only.
local function is_behind(recipient, seq)
  local from, to = bounds_of('=' .. recipient)
  local first = redis.call('ZRANGEBYLEX', key.suspended, from, to, 'LIMIT', 0, 1)[1]
  return first and (not seq or tonumber(string.match(first, ':(%d+):')) < seq)
end

-- What a campaign does to a message: nil, `campaign-paused` or `cancelled`. Reads only.
local function campaign_effect(campaign, seq)
  local entry = read_template(redis.call('HGET', key.templates, '#' .. campaign))
  if entry and entry.state == 'cancelled' then return 'cancelled' end
  return is_holding(entry, seq) and 'campaign-paused' or nil
end

-- What template and window do to the message with this mark: nil, it may be sent; `template-paused` or `templates-stopped`, it waits; `rejected` with
-- its template; `window`: it waits until the person writes; `closed`: rejected, since the window is closed; `replace`: the other template is sent.
-- `seq`: its number in the queue, nil for none yet. Also returns the person's last act where the window is closed. Reads only.
local function own_effect_of(plan, template, recipient, seq, stops, now_ms)
  if not plan then return template and template_effect(template, seq) end
  -- Only proof rejects a message. One that waits or is replaced does not need it.
  local closed, act = is_closed(recipient, plan ~= 'r' and stops > 0, now_ms)
  if plan == 'w' and (closed or is_behind(recipient, seq)) then return 'window', act end
  if not closed then return nil end
  if plan == 'r' then return 'closed', act end
  return template and template_effect(template, seq) or 'replace', act
end

-- The same with its campaign, which comes first: `campaign-paused`, it waits; `cancelled` with it. Reads only.
local function effect_of(mark, recipient, seq, stops, now_ms)
  local plan, template, campaign = read_mark(mark)
  local effect = campaign and campaign_effect(campaign, seq)
  if effect then return effect end
  return own_effect_of(plan, template, recipient, seq, stops, now_ms)
end

-- What a message waits for with such an effect.
local function waiting_for_of(effect)
  return effect == 'cancelled' and 'campaign-paused' or effect == 'rejected' and 'template-paused' or effect
end

-- The same of a new message, as in admit.lua: the effect, how many messages wait for the same person, and how long this one waits, µs; of a closed
-- window how long ago it was closed; and what it waits for. Writes only after a restart of Redis, which may have lost acts.
local function hold_new(sender, message, now)
  cool_after_restart(sender, now)
  local now_ms = math.floor(now / 1000)
  local effect, act = effect_of(message.template, message.recipient, nil, 0, now_ms)
  if effect == 'closed' then return effect, 0, closed_for(act, now_ms) end
  return effect, effect == 'window' and count_suspended(message.recipient) or 0, -1, waiting_for_of(effect)
end

-- Moves the head of a queue to `suspended`, where it does not block its pair. A cancelled one is closed there. Writes.
local function suspend(record, id, member, effect)
  local _, template, campaign = read_mark(record.template)
  local group = effect == 'window' and '=' .. record.recipient or effect == 'templates-stopped' and ALL_TEMPLATES
    or (effect == 'campaign-paused' or effect == 'cancelled') and '#' .. campaign or template
  redis.call('ZREM', key.queue[record.lane], member)
  redis.call('ZADD', key.suspended, '0', suspended_member_of(group, record.seq, id))
end

-- What becomes of the head of a queue: `skipped` if its window is closed and it fails, which adds it to `closed`; `suspended`; `replace`, or nil.
local function hold_head(record, id, member, now, closed)
  local effect = effect_of(record.template, record.recipient, record.seq, record.stops, math.floor(now / 1000))
  if not effect or effect == 'replace' then return effect end
  if effect == 'closed' then
    closed[#closed + 1] = id
    return 'skipped'
  end
  suspend(record, id, member, effect)
  return 'suspended'
end

-- Where a message that waits outside of its queue is: its place and what it waits for, or nil. Reads only.
local function suspended_place_of(record, id)
  local plan, template, campaign = read_mark(record.template)
  local groups = { plan and '=' .. record.recipient or '', template or '', template and ALL_TEMPLATES or '', campaign and '#' .. campaign or '' }
  for i, group in ipairs(groups) do
    local place = group ~= '' and suspended_member_of(group, record.seq, id)
    if place and redis.call('ZSCORE', key.suspended, place) then
      return place, ({ 'window', 'template-paused', 'templates-stopped', 'campaign-paused' })[i]
    end
  end
end

-- Removes a message from there. Writes.
local function leave_suspended(record, id)
  local place = record.template and suspended_place_of(record, id)
  if place then redis.call('ZREM', key.suspended, place) end
end

-- What a code of WhatsApp says of the window; bucket `window`, settlement `stop`. If the person wrote within the last day by what is recorded, the
-- message is sent once more, later: Meta knows such errors. Else the window is closed, and the message waits, or is replaced when it is granted
-- again, or fails. Returns the settlement. Writes.
local function pass_window(record, granted_ms)
  local plan = record and read_mark(record.template)
  if not plan or not read_coverage() then return 'failed' end
  if record.stops == 0 and is_open_by_record(record.recipient, granted_ms) then
    record.stops = 1
    return 'retry'
  end
  close_window(record.recipient, granted_ms)
  record.stops = record.stops + 1
  return plan == 'r' and 'failed' or 'wait'
end

-- What an attempt says of template, window or all templates; bucket `template`, `window` or `templates`, or one that was accepted while all templates
-- are stopped. Returns the settlement, and whether it stops all templates. Writes.
local function pass_hold(record, message, settlement, lease, now)
  local at, cool_us = lease and lease.granted_at or now, (message.coolMs or 0) * 1000
  if settlement == 'sent' then return settlement, end_stop(record, at, now) end
  if message.bucket == 'window' then return pass_window(record, math.floor(at / 1000)) end
  if message.bucket == 'templates' then return settlement, pass_stop(message.code, cool_us, at, now) end
  return pass_template(record, settlement, cool_us, message.code, now)
end

-- Whether a message that failed for its window after it was accepted can be sent again: it then waits, or is replaced. Reads only.
local function may_hold(record)
  local plan = record and read_mark(record.template)
  return plan and plan ~= 'r' and read_coverage()
end

-- What such a failure says of the window. Where it was open by what is recorded, the next attempt decides. Writes.
local function bounce_window(record, settled_ms)
  if not read_coverage() or is_open_by_record(record.recipient, settled_ms) then return end
  close_window(record.recipient, settled_ms)
  record.stops = record.stops + 1
end
