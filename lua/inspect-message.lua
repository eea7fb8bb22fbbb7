#!lua flags=allow-oom
-- One message: its state, which follows from the keys that contain its id, and if it waits, for how long and why.
--
-- Keys:
--   msg              string  idempotency record of this digest
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   grants           hash    recipient -> grant
--   pair-tat         zset    recipient -> TAT, µs
--   sender-tat       string  TAT in µs, slots used
--   sender           hash    rules and state
--   scheduled        zset    `number:id` -> ms
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   templates        hash    templates that are not sent now
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   windows          zset    recipient -> last act, ms
--   shares           hash    callers of each lane, and their virtual times
--   daily            zset    recipient -> when it was counted for the daily limit, ms
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now  µs    empty for Redis's clock
--   id   text  of the message; empty for the one of the idempotency record
--
-- Returns:
--   found  state, id, nowMs, result, record, momentMs, waitUs, waitingFor, position
--   gone   -
-- result (compact) and record (with its history) may be empty. momentMs: the next retry, the schedule, the hold's end, or when a failure was
-- settled; else 0. waitUs is -1 if no end is known.
--- @include clock
--- @include schedule
--- @include sender
--- @include ready
--- @include queue
--- @include pair_tat
--- @include record
--- @include grant
--- @include result
--- @include success
--- @include sender_tat
--- @include wait
--- @include shares
--- @include hold

local known, id = redis.call('GET', key.msg) or '', arg.id
local now = clock()
local now_ms = math.floor(now / 1000)
local letter, generation = string.match(known, '^(%a) (%x+)')
if id == '' then
  if not generation then return { 'gone' } end
  id = string.match(key.msg, ':([^:]+)$') .. '.' .. generation
end
if generation ~= generation_of(id) then known, letter = '', nil end

local text = redis.call('HGET', key.backlog, id)
local function found(state, moment, wait, waiting_for, position)
  return { 'found', state, id, now_ms, known, text or '', moment or 0, wait or 0, waiting_for or '', position or 0 }
end
if not text then
  text = redis.call('HGET', key.failure_records, id)
  local settled = { s = 'sent', d = 'delivered', r = 'read', f = 'failed', c = 'cancelled', e = 'expired' }
  local at = redis.call('ZSCORE', key.failed, id)
  if letter and letter ~= 'w' then return found(settled[letter], tonumber(at or redis.call('ZSCORE', key.resolved, id) or 0)) end
  -- Without a result only the record is left; the tags of its history have the state.
  local tag = last_tag(text)
  if at then return found(tag == 'expired' and tag or 'failed', tonumber(at)) end
  at = redis.call('ZSCORE', key.resolved, id)
  if not at and not (text and redis.call('ZSCORE', key.unconfirmed, id)) then return { 'gone' } end
  local sent = string.find(text or '', '\n%d+:delivered=') and 'delivered' or 'sent'
  return found(tag == 'cancelled' and tag or sent, tonumber(at or 0))
end

local record = read_record(text)
if not record then return { 'gone' } end
local grant = grant_of(record.recipient)
if grant and grant.id == id then return found('sending') end
local places = { scheduled = { key.scheduled, scheduled_member_of(record, id) }, unknown = { key.unknown, id }, retrying = { key.failures, id } }
for state, place in pairs(places) do
  local at = tonumber(redis.call('ZSCORE', place[1], place[2]) or nil)
  if at then return found(state, at, math.max(0, at - now_ms) * 1000, state == 'scheduled' and 'schedule' or 'retry') end
end

local sender = read_sender()
if not sender then return found('queued', 0, -1, 'turn-in-queue', 0) end
local place, reason
local has_rates = sender.limits and string.find(sender.limits, 'rates', 1, true)
if record.template or has_rates then place, reason = suspended_place_of(record, id) end
if place then
  local wait = -1
  if reason == 'daily-limit' then
    --- @include daily
    wait = daily_wait(record.recipient, now_ms)
  elseif reason == 'campaign-paused' then
    local _, _, campaign = read_mark(record.template)
    local effect, least = campaign_effect(campaign, record.seq, now)
    if is_planned(effect) then wait, reason = least, effect end
  elseif has_rates and is_planned(reason) then
    local effect, least = effect_of(record.template, record.recipient, record.seq, record.stops, sender.limits, now, record.body)
    if is_planned(effect) then wait, reason = least, effect elseif not effect then wait = 0 end
  end
  return found('queued', 0, wait, reason, 0)
end
local before = redis.call('ZLEXCOUNT', key.queue[record.lane], '[' .. record.recipient .. ':', '(' .. member_of(record, id))
if record.lane > 1 then before = before + count_queued(key.queue, record.recipient, 1, record.lane - 1) end
local _, ready_at = ready_of(record.recipient, now)
local tat, sender_tat = pair_tat_of(record.recipient), read_sender_tat()
local wait, waiting_for = estimate_wait(sender, record.lane, now, tat, sender_tat, before, before == 0 and ready_at or nil,
  nil, share_of(record.caller, record.template))
local effect, least
if sender.limits and (record.template or has_rates) then
  effect, least = effect_of(record.template, record.recipient, record.seq, record.stops, sender.limits, now, record.body)
end
if is_planned(effect) then
  if wait >= 0 and (least > wait or least < 0) then wait, waiting_for = least, effect end
elseif effect and effect ~= 'closed' and effect ~= 'replace' and effect ~= 'ended' then wait, waiting_for = -1, waiting_for_of(effect) end
return found('queued', 0, wait, waiting_for, before + 1)
