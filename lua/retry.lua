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
--   retries          zset    id of a failure whose retry has begun -> when it was taken up, ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   drain-lease      string  the drain run of this sender
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   opt-outs         hash    recipients that want no marketing
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
--   expired   -        it has expired; the caller closes it
--   unwanted  -        it is marketing, and its recipient has opted out; the caller closes it
--   gone      -        there is no failure that may be retried now
--   no_rules  -        no rules are written for this sender
--- @include clock
--- @include restart
--- @include seq
--- @include record
--- @include result
--- @include gate
--- @include wake_hint

local id, now = arg.id, clock()
local now_ms = math.floor(now / 1000)
local due_ms = tonumber(redis.call('ZSCORE', key.failures, id) or nil)
local reopened = not due_ms and arg.force and redis.call('ZSCORE', key.failed, id)
if not reopened and (not due_ms or (due_ms > now_ms and not arg.force)) then return { 'gone' } end
local text = redis.call('HGET', reopened and key.failure_records or key.backlog, id)
local sender = read_sender()
if not sender then return { 'no_rules' } end
local record = text and read_record(text)
-- Lane 0: it failed after it was accepted, when its content was no longer stored.
if not record or record.lane == 0 then return { 'gone' } end
if reopened then record.expires, record.keep, record.stops = now_ms + arg.lifeMs, math.max(record.keep, now_ms + arg.lifeMs), 0 end
if record.expires <= now_ms then return { 'expired' } end
if record.marketing and redis.call('HEXISTS', key.opt_outs, record.recipient) == 1 then return { 'unwanted' } end
-- A key that has been used again belongs to the younger message; this one has no idempotency record any more.
local known = redis.call('GET', key.msg)
local is_ours = known and string.match(known, '^%a (%x+)') == generation_of(id)

local new_run_id = detect_restart(sender, now)
local state = load_state({ record.recipient })
local view = check_gate(state, sender, record.recipient, record.lane, now)
if arg.history ~= '' then append_history(record, now_ms, arg.history, reopened and 'reopened') end

if record.seq == 0 then record.seq = create_numbers(1)() end
write_restart(sender, new_run_id)
redis.call('ZREM', key.failures, id)
-- It stays a pending failure until the retry has ended.
redis.call('ZADD', key.retries, now_ms, id)
if reopened then
  redis.call('ZREM', key.failed, id)
  redis.call('ZREM', key.unacknowledged, id)
  redis.call('HDEL', key.failure_records, id)
  if is_ours or not known then
    local fingerprint = known and string.match(known, '^%a %x+ (%x+)') or '0'
    redis.call('SET', key.msg, 'w ' .. generation_of(id) .. ' ' .. fingerprint)
  end
end
redis.call('HSET', key.backlog, id, write_record(record))
redis.call('ZADD', key.expiry, record.expires, id)

if arg.inline and view.open then
  local lease_end = now + arg.leaseMs * 1000
  local grant = grant_message(state, sender, record.recipient, id, record.attempts + 1, lease_end, arg.holder, now)
  redis.call('ZADD', key.pair_tat, view.pair.tat, record.recipient)
  write_sender_tat(state.sender_tat, state.slots)
  redis.call('HSET', key.grants, record.recipient, grant)
  redis.call('ZADD', key.inflight, lease_end, id)
  return { 'granted', record.recipient, record.attempts + 1, record.stops, record.lane, record.body, record.pair_hits, now_ms }
end

redis.call('ZADD', key.queue[record.lane], 0, member_of(record, id))
return { 'queued', wake_hint(enqueue(state, sender, record.recipient, record.lane, now), now, view.blocked) }
