#!lua
-- Retries one failed message under the same limits as a new one: it is granted, or queued by its old number, ahead of younger messages. Accepts a
-- PENDING failure that is due or forced, and reopens a FAILED one while its record is stored.
--
-- Keys:
--   msg              string  idempotency record of this digest
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   grants           hash    recipient -> grant
--   pair-tat         zset    recipient -> TAT, µs
--   sender-tat       string  TAT in µs, slots used
--   seq              string  last number drawn for a queue
--   sender           hash    rules and state
--   inflight         zset    id -> lease end, µs
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when, ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   drain-lease      string  the drain run of this sender
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   opt-outs         hash    recipients that want no marketing
--   templates        hash    templates that are not sent now
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   windows          zset    recipient -> last act, ms
--   campaigns        hash    campaign, or `~` and a caller -> counts of its messages
--   shares           hash    callers of each lane, and their virtual times
--   daily            zset    recipient -> when it was counted for the daily limit, ms
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now      µs    empty for Redis's clock
--   id       text  of the message
--   force    flag  also before nextRetryAt, and reopen a FAILED one
--   inline   flag  the caller can start the send at once
--   holder   text  node and call that a grant belongs to
--   runId    text  empty for Redis's own replication id
--   leaseMs  ms    life of a grant
--   lifeMs   ms    new life of a reopened message
--   history  JSON  who retries, one line; empty for the schedule
--
-- Returns:
--   granted   recipient, attempt, stops, lane, body, pairHits, nowMs
--   queued    wakeHint
--   expired   -        it has expired, or its campaign has ended; the caller closes it
--   unwanted  -        it is marketing, and its recipient has opted out; the caller closes it
--   gone      -        there is no failure that may be retried now
--   no_rules  -        no rules are written for this sender
--- @include clock
--- @include history
--- @include restart
--- @include seq
--- @include record
--- @include result
--- @include pair
--- @include is_open
--- @include grant_message
--- @include hold
--- @include wake_hint

local id, now = arg.id, clock()
local now_ms = math.floor(now / 1000)
local due_ms = tonumber(redis.call('ZSCORE', key.failures, id) or nil)
local reopened = not due_ms and arg.force and redis.call('ZSCORE', key.failed, id)
if not reopened and (not due_ms or (due_ms > now_ms and not arg.force)) then return { 'gone' } end
local text = redis.call('HGET', reopened and key.failure_records or key.backlog, id)
local sender = read_sender('runId')
if not sender then return { 'no_rules' } end
local record = text and read_record(text)
-- Lane 0: it failed after it was accepted, when its content was no longer stored.
if not record or record.lane == 0 then return { 'gone' } end
if reopened then record.expires, record.keep, record.stops = now_ms + arg.lifeMs, math.max(record.keep, now_ms + arg.lifeMs), 0 end
if record.expires <= now_ms then return { 'expired' } end
if record.marketing and redis.call('HEXISTS', key.opt_outs, record.recipient) == 1 then return { 'unwanted' } end
local known = redis.call('GET', key.msg)

cool_after_restart(sender, now)
local recipient, lane, sender_tat, slots = record.recipient, record.lane, read_sender_tat()
local tat, is_granted, ready_lane = read_pair(recipient)
local effect, on_grant, _
if sender.limits and (record.template or string.find(sender.limits, 'rates', 1, true)) then
  effect, _, on_grant = effect_of(record.template, recipient, record.seq, record.stops, sender.limits, now, record.body)
end
if effect == 'ended' then return { reopened and 'gone' or 'expired' } end
local may_grant = arg.inline and not effect and not is_granted and not ready_lane and is_open(sender, sender_tat, slots, lane, tat, now)
if reopened and (record.template or record.caller) then
  --- @include counts
  count_closed(record, ending_of(record), 'w', now_ms, code_of(record))
  --- @include shares
  meet_reopened(sender, record, now)
end
if arg.history ~= '' then append_history(record, now_ms, arg.history, reopened and 'reopened') end

if record.seq == 0 then record.seq = create_numbers(1)() end
redis.call('ZREM', key.failures, id)
-- The message stays a pending failure until its retry has ended. Only a repair leaves a failure without an attempt.
if record.attempts > 0 then redis.call('ZADD', key.retries, now_ms, id) end
if reopened then
  redis.call('ZREM', key.failed, id)
  redis.call('ZREM', key.unacknowledged, id)
  redis.call('HDEL', key.failure_records, id)
  mark_unsettled(key.msg, id, known)
end
redis.call('HSET', key.backlog, id, format_record(record))
redis.call('ZADD', key.expiry, record.expires, id)

if may_grant then
  grant_message(sender, recipient, id, record.attempts + 1, arg.holder, tat, now, on_grant)
  write_sender_tat(advance(sender_tat, now, sender.sender_rate), slots + 1)
  return { 'granted', recipient, record.attempts + 1, record.stops, lane, record.body, record.pair_hits, now_ms }
end

redis.call('ZADD', key.queue[lane], 0, member_of(record, id))
local ready_at = enqueue(sender, recipient, lane, tat, is_granted, ready_lane, now, record)
return { 'queued', wake_hint(ready_at, now, blocked(sender, now)) }
