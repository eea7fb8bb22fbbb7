#!lua flags=allow-oom
-- State, rules and counts of one sender: queued, in flight, scheduled, waiting for a retry, settled. The cost does not depend on the number of
-- queued messages.
--
-- Keys:
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   pair-tat         zset    recipient -> TAT, µs
--   sender-tat       string  TAT in µs, slots used
--   sender           hash    rules and state
--   inflight         zset    id -> lease end, µs
--   scheduled        zset    `number:id` -> ms
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   completed        zset    ten minutes -> messages sent in them
--   drain-lease      string  the drain run of this sender
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   outbox           list    changes that callbacks are due for
--   callbacks-since  zset    subject -> ms of its first event
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   windows          zset    recipient -> last act, ms
--   templates        hash    templates that are not sent now
--   shares           hash    callers of each lane, and their virtual times
--   daily            zset    recipient -> when it was counted for the daily limit, ms
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now    µs     empty for Redis's clock
--   limit  count  ready pairs whose queues are counted one by one; those of further ones are estimated from these
--
-- Returns:
--   sender    nowMs, state, resumesMs, reason, pairIntervalUs, pairBurst, perSecond, maxInFlight, version,
--             queued, due, inFlight, scheduled, unknown, unsettled, oldestDueUs, hasWorker?, unattendedUs,
--             retrying, pending, resolved, failed, rejected, exhausted, expired, unknownOutcome,
--             sentLast24h, activeRateLimits, callbacksWaiting, callbacksSinceMs, circuit, accepted, unconfirmed, suspended,
--             awaiting, windows, people, reduced, ceiling, templateStop, stopped, daily, dailyUsed, dailyPeople,
--             dailyWaiting, bulk, health, rates, templateRated, categoryRated
--   no_rules  -
-- retrying: failures that wait for their next retry; pending: these, and those whose retry has begun.
-- resumesMs, oldestDueUs and callbacksSinceMs are 0 for none; unattendedUs: since when due messages have had no drain run, or 0;
-- rejected, exhausted, expired, unknownOutcome: FAILED in the last 24 h and not acknowledged;
-- circuit: as in :sender, or empty; accepted: messages that WhatsApp accepted 2 to 12 minutes ago; unconfirmed: those of them without a status;
-- suspended: messages that wait for their own template; awaiting: messages that wait until their recipient writes; windows: since when no webhook is
-- missing, the last one, since when one is due, and the longest silence, ms, or empty where windows are not checked; people: those of known windows;
-- reduced, ceiling: as in :sender, or empty; templateStop: the entry `*` of `templates`, or empty; stopped: messages that wait for its end;
-- daily: limit and what sets it, when a person counts no longer (ms), portfolio, what WhatsApp says: limit, source, ms, or `-`; empty where none
-- counts; dailyUsed: people who count; dailyPeople: who wait; dailyWaiting: their messages; bulk: when most messages had a status (ms, or 0), and as
-- in :sender since when and until when the lane `bulk` is on hold; empty where it never is; health: as in :sender, or empty; rates: of templates and
-- categories; templateRated and categoryRated: messages that wait for one.
--- @include clock
--- @include queue
--- @include ready
--- @include sender
--- @include sender_tat
--- @include status_counts
--- @include unacknowledged

local sender = read_sender()
if not sender then return { 'no_rules' } end
local now = clock()
local now_ms = math.floor(now / 1000)
local block, resumes_at = blocked(sender, now)
local queued, due, oldest = 0, 0, math.huge
local queues = filled(key.queue)
local bulk_waits = sender.limits and string.find(sender.limits, 'bulk', 1, true)
for lane = 1, LANES do
  queued = queued + redis.call('ZCARD', key.queue[lane])
  local heads = redis.call('ZCOUNT', key.ready[lane], '-inf', now)
  -- Messages behind a due head are due as well if their time has passed: one for each interval that the pair is late.
  local sample, counted = redis.call('ZRANGEBYSCORE', key.ready[lane], '-inf', now, 'WITHSCORES', 'LIMIT', 0, arg.limit), 0
  for i = 1, #sample, 2 do
    local ready_at = ready_at_of(tonumber(sample[i + 1]), now)
    local late = now - ready_at
    if not (bulk_waits and lane == LANES) then oldest = math.min(oldest, ready_at) end
    counted = counted + math.min(count_queued(queues, sample[i], 1, LANES), sender.pair_rate.burst + math.floor(late / sender.pair_rate.interval))
  end
  if #sample > 0 then due = due + math.ceil(counted * heads / (#sample / 2)) end
end
if sender.limits then
  --- @include shares
  oldest = math.min(oldest, oldest_share(sender, now))
end
local sent, since = 0, math.floor(now / 600000000) - 24 * 6
local spans = redis.call('ZRANGE', key.completed, 0, -1, 'WITHSCORES')
for i = 1, #spans, 2 do
  if tonumber(spans[i]) > since then sent = sent + tonumber(spans[i + 1]) end
end

-- A requested drain run has not started yet. The last one ended no earlier than the last grant, which is before the sender's TAT.
local unattended = 0
local first = redis.call('ZRANGE', key.scheduled, 0, 0, 'WITHSCORES')
first = math.min(oldest, first[1] and tonumber(first[2]) * 1000 or math.huge)
if first <= now and not block and (redis.call('GET', key.drain_lease) or 'requested') == 'requested' then
  local last_tat = read_sender_tat()
  local since_us = math.max(first, last_tat, sender.resumes_at or 0, sender.cool_until)
  if since_us < now then unattended = since_us end
end

local function unacknowledged(reason)
  return redis.call('ZCOUNT', key.unacknowledged, unacknowledged_score(reason, now_ms - 24 * 3600000), unacknowledged_score(reason, 9999999999999))
end
local callbacks_since = redis.call('ZRANGE', key.callbacks_since, 0, 0, 'WITHSCORES')[2]
  or string.match(redis.call('LINDEX', key.outbox, 0) or '', '^%S+ (%d+)')
local facts = redis.call('HMGET', key.sender, 'reason', 'version', 'perSecond', 'windows', 'windowGapMs', 'reduced', 'ceiling', 'statusesSeen',
  'bulkHold', 'statuses', 'health')
local accepted, unconfirmed = count_statuses(read_moments(facts[10], now_ms), now_ms)
local awaiting = redis.call('ZLEXCOUNT', key.suspended, '[=', '(>')
local daily, daily_people, daily_waiting = { '', 0 }, redis.call('ZCARD', key.daily_queue), redis.call('ZLEXCOUNT', key.suspended, '[+', '(,')
if sender.limits and string.find(sender.limits, 'daily', 1, true) then
  --- @include daily
  daily = describe_daily(now_ms)
end
local rates = { 0, 0, 0 }
if sender.limits and string.find(sender.limits, 'rates', 1, true) then
  --- @include rate
  rates = { count_rates() }
end
local stopped, retrying = redis.call('ZLEXCOUNT', key.suspended, '[*:', '(*;'), redis.call('ZCARD', key.failures)
return {
  'sender', now_ms, block == 'sender-stopped' and 'stopped' or block == 'pause' and 'paused' or 'active',
  block and resumes_at and math.floor(resumes_at / 1000) or 0, facts[1] or '',
  sender.pair_rate.interval, sender.pair_rate.burst, tonumber(facts[3] or 0), sender.max_in_flight, tonumber(facts[2] or 0),
  queued, math.min(due, queued), redis.call('ZCARD', key.inflight), redis.call('ZCARD', key.scheduled), redis.call('ZCARD', key.unknown),
  redis.call('HLEN', key.backlog), oldest < math.huge and oldest or 0, redis.call('EXISTS', key.drain_lease), unattended,
  retrying, retrying + redis.call('ZCARD', key.retries), redis.call('ZCARD', key.resolved), redis.call('ZCARD', key.failed),
  unacknowledged('rejected'), unacknowledged('exhausted'), unacknowledged('expired'), unacknowledged('unknown'),
  sent, redis.call('ZCOUNT', key.pair_tat, '(' .. int(now), '+inf'),
  redis.call('ZCARD', key.callbacks_since) + redis.call('LLEN', key.outbox), tonumber(callbacks_since or 0), sender.circuit or '',
  accepted, unconfirmed,
  -- A message that waits for a stop has two places.
  redis.call('ZCARD', key.suspended) - awaiting - redis.call('ZLEXCOUNT', key.suspended, '[*', '(+') - daily_waiting
    - redis.call('ZLEXCOUNT', key.suspended, '[#', '(&'), awaiting,
  facts[5] and (facts[4] or '0 0 0') .. ' ' .. facts[5] or '',
  redis.call('ZCARD', key.windows), facts[6] or '', facts[7] or '', redis.call('HGET', key.templates, '*') or '', stopped,
  daily[1], daily[2], daily_people, daily_waiting,
  facts[8] and facts[8] .. ' ' .. (facts[9] or '') or '', facts[11] or '', unpack(rates)
}
