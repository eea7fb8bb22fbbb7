#!lua flags=allow-oom
-- Settles attempts, each once: sent, failed, a retry later, an unknown outcome on hold, or back in its queue (given back or rate limited, which
-- uses up no attempt). Frees the pair and writes its next ready time. Also settles an unknown outcome whose hold is over. A stale token changes
-- nothing. Neither does an outcome change a message that a receipt has settled as sent meanwhile. The messages of a call are settled in order, as
-- if each had a call of its own at the same time.
--
-- Keys:
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   grants           hash    recipient -> grant
--   pair-tat         zset    recipient -> TAT, µs
--   sender-tat       string  TAT in µs, slots used
--   sender           hash    rules and state
--   inflight         zset    id -> lease end, µs
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when it was taken up, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   completed        zset    ten minutes -> messages sent in them
--   drain-lease      string  the drain run of this sender
--   recent           zset    this hour's look-up index, lex `term:generation.digest`
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   outbox           list    changes that callbacks are due for
--   opt-outs         hash    recipient that wants no marketing -> since when, and why
-- Keys per message:
--   msg              string  idempotency record of its digest
--   starts           string  the spacing check's run of starts of its pair
--
-- Arguments:
--   now           µs     empty for Redis's clock
--   findS         s      life of the look-up index
-- Arguments per message:
--   id            text   of the message
--   recipient     text   canonical
--   attempt       count  token: which attempt this settles
--   holder        text   token: whose grant; empty for an unknown outcome whose hold is over
--   settlement    word   sent, failed, retry, unknown, wait, or stop: failed if the message stopped an active sender before, else wait
--   startedUs     µs     from the request for the grant to the start; empty if it never started
--   afterMs       ms     retry: until the next attempt; unknown: how long to hold
--   bucket        word   what cools down: pair, sender-rate, sender (stops it), marketing (opts the recipient out) or empty
--   coolMs        ms     for how long; for a sender, until the next probe and from probe to probe
--   code          text   of the outcome: why the sender stops, LEASE_EXPIRED; for an opt-out, JSON that is kept with it
--   resultSuffix  text   caller, provider message id, metadata: end of the compact result
--   history       JSON   what happened, one line; may be empty
--   term          text   the entry of a sent message in the look-up index; may be empty
--   reason        word   why it failed: rejected, exhausted or unknown; may be empty
--   keepMs        ms     how long a sent message's record is kept for a receipt that says otherwise
--
-- Returns: for each message
--   settled  dueMs, wakeHint, resumed?, stopped?, settlement, gapUs, leastUs
--   stale    -                     the grant is not, or no longer, this one
--   error    text                  of the script itself, or of the data of this message
-- dueMs: the next retry or the end of the hold, or 0. settlement: also superseded, or double if this attempt was accepted, too: the message
-- was settled as sent while it was in flight. gapUs and leastUs: the attempt started too early by the spacing check, which
-- counted gapUs since an earlier start and required leastUs.
--- @include batch
--- @include clock
--- @include sender
--- @include grant
--- @include queue
--- @include record
--- @include spacing_check
--- @include settlement
--- @include wake_hint
--- @include find_index

local now = clock()
local ctx = {
  sender = read_sender(), now = now, now_ms = math.floor(now / 1000), queues = {}, sent = 0,
  records = read_all(messages, 'id', 'HMGET', key.backlog), tats = read_all(messages, 'recipient', 'ZMSCORE', key.pair_tat),
  results = read_all(messages, 'msg', 'MGET'),
  out = { closed = {}, recent = {}, pair_tat = {}, grants = {}, inflight = {}, ready = { {}, {}, {} } }
}
local grants, runs = read_all(messages, 'recipient', 'HMGET', key.grants), read_all(messages, 'starts', 'MGET')
for lane = 1, LANES do ctx.queues[lane] = (#messages == 1 or redis.call('EXISTS', key.queue[lane]) == 1) and key.queue[lane] end
local sender, out, first_ready_at, first_reply = ctx.sender, ctx.out, math.huge, nil

-- Whether the token is current: it matches the grant, or an unknown outcome on hold.
local function is_ours(message, record, lease)
  if message.holder ~= '' then return lease and lease.id == message.id and lease.attempt == message.attempt and lease.holder == message.holder end
  return record and record.attempts == message.attempt and redis.call('ZSCORE', key.unknown, message.id)
end

local function settle(m)
  local message = messages[m]
  local id, recipient, settlement, text = message.id, message.recipient, message.settlement, ctx.records[message.id]
  local lease = message.holder ~= '' and read_grant(grants[recipient])
  local record = text and read_record(text)
  if text and not record then error({ err = 'the record of this message cannot be read' }) end
  if not sender or not is_ours(message, record, lease) then return { 'stale' } end

  -- Only a message that stops an active sender counts as a cause. Probes, and messages in flight when the sender stopped, do not.
  local stopped = message.bucket == 'sender' and proves_stop(sender, lease and lease.granted_at or now, now)
  local was_stopped, due_ms = sender.status == 'stopped', 0
  if not record then
    -- A receipt of an earlier attempt has settled the message as sent, and only the grant is left.
    settlement = supersede(ctx, message, settlement)
  else
    if settlement == 'stop' then settlement = stopped and record.stops > 0 and 'failed' or 'wait' end
    if lease and settlement ~= 'wait' then record.attempts = message.attempt end
    if message.bucket == 'pair' then record.pair_hits = record.pair_hits + 1 elseif settlement ~= 'wait' then record.pair_hits = 0 end
    if stopped then record.stops = record.stops + 1 end
    if message.history ~= '' and settlement ~= 'wait' then
      append_history(record, ctx.now_ms, message.history, history_tag(message, settlement))
    end
    if not lease then redis.call('ZREM', key.unknown, id) end
    if settlement == 'sent' or settlement == 'failed' then
      finish(ctx, message, record, settlement)
    else
      due_ms = requeue(ctx, message, record, settlement)
    end
  end
  local tat = update_tat(ctx, message, lease)
  local resumed = stop_or_resume(ctx, message, lease, stopped)
  local reply = { 'settled', due_ms, '', resumed and 1 or 0, stopped and 1 or 0, settlement }
  if not lease then return reply end

  local run, life, early = check_spacing(runs[message.starts], sender, message.startedUs and lease.granted_at + message.startedUs)
  if run then redis.call('SET', message.starts, run, 'PX', life) end
  reply[7], reply[8] = early[1], early[2]

  -- The pair is free: its head gets a ready time. A message that was given back keeps its own. One that was a failed probe does not, so that
  -- the next probe uses another message.
  grants[recipient] = false
  push(out.grants, recipient)
  push(out.inflight, id)
  local lane, ready_at, member = next_ready(ctx.queues, recipient, tat, sender.pair_rate, now)
  if not lane then return reply end
  local keeps = settlement == 'wait' and member == member_of(record, id) and not (was_stopped and message.bucket == 'sender')
  if keeps then ready_at = math.max(lease.ready_at, earliest(tat, sender.pair_rate)) end
  push(out.ready[lane], ready_at, recipient)
  if ready_at < first_ready_at then first_ready_at, first_reply = ready_at, reply end
  return reply
end
local replies = reply_each(#messages, settle)

if #out.closed > 0 then leave_backlog(out.closed) end
index_terms(out.recent)
if ctx.sent > 0 then redis.call('ZINCRBY', key.completed, ctx.sent, int(math.floor(ctx.now_ms / 600000))) end
write_all('ZADD', key.pair_tat, out.pair_tat)
write_all('HDEL', key.grants, out.grants)
write_all('ZREM', key.inflight, out.inflight)
for lane = 1, LANES do write_all('ZADD', key.ready[lane], out.ready[lane]) end
if first_reply then first_reply[3] = wake_hint(first_ready_at, now, blocked(sender, now)) end
return replies
