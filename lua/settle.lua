#!lua flags=allow-oom
-- Settles attempts, each once: sent, failed, a retry later, an unknown outcome on hold, or back in its queue (given back or rate limited, which
-- uses up no attempt). Frees the pair and writes its next ready time. Also settles an unknown outcome whose hold is over. A stale token changes
-- nothing. An outcome does not change a message that a receipt has settled as sent. Messages of a call are settled in order, as if at one time.
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
--   retries          zset    id of a failure whose retry has begun -> when, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   completed        zset    ten minutes -> messages sent in them
--   drain-lease      string  the drain run of this sender
--   index            hash    this hour's look-up index, prefix of a term -> entries `term:reference`
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   outbox           list    changes that callbacks are due for
--   opt-outs         hash    recipient that wants no marketing -> since when, and why
--   templates        hash    templates that are not sent now
--   windows          zset    recipient -> last act, ms
--   campaigns        hash    campaign, or `~` and a caller -> counts of its messages
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
--   attempt       word   token: which attempt this settles
--   holder        text   token: whose grant; empty for an unknown outcome whose hold is over
--   settlement    word   sent, failed, retry, unknown, wait, or stop: wait, but failed if it stopped an active sender before, or by the bucket
--   startedUs     µs     from the request for the grant, which reached Redis later, to the start; empty if it never started
--   afterMs       ms     retry: until the next attempt; unknown: the hold; failed after a hold: a further hold while the circuit is open, or 0
--   bucket        word   what cools down: pair, sender-rate, throughput, sender or templates (stop), template, window, marketing, outage or empty
--   coolMs        ms     for how long; of a stop, until each next probe; of an outage, until the first one; of a template, 0 for no end
--   code          text   of the outcome: why something stops, LEASE_EXPIRED; of a template with name and language; of an opt-out, JSON to keep
--   resultSuffix  text   caller, provider message id, metadata: end of the compact result
--   history       JSON   what happened, one line; may be empty
--   term          text   the entry of a sent message in the look-up index; may be empty
--   reason        word   why it failed: rejected, exhausted or unknown; may be empty
--   keepMs        ms     how long a sent message's record is kept for a receipt that says otherwise
--
-- Returns: for each message
--   settled  dueMs, wakeHint, resumed?, stopped?, settlement, circuit, gapUs, leastUs
--   stale    -                     the grant is not, or no longer, this one
--   error    text                  of the script itself, or of the data of this message
-- dueMs: the next retry or the end of the hold, or 0. settlement: also superseded, or double if this attempt was accepted, too: the message was
-- settled as sent while it was in flight. gapUs and leastUs: the attempt started too early by the spacing check, gapUs after an earlier start, with
-- leastUs required. circuit: opened, half-open, closed, or empty for no change. stopped: the sender, or all its templates.
--- @include batch
--- @include clock
--- @include sender
--- @include attempt
--- @include queue
--- @include record
--- @include finish
--- @include raise_tat
--- @include spacing_check
--- @include wake_hint
local now, sender, queues, sent, first_ready_at, first_reply = clock(), read_sender(), filled(key.queue), 0, math.huge, nil
local now_ms = math.floor(now / 1000)
local function settle(m)
  local message = messages[m]
  local id, recipient, settlement, bucket = message.id, message.recipient, message.settlement, message.bucket
  local text = redis.call('HGET', key.backlog, id)
  local record = text and read_record(text)
  if text and not record then error({ err = 'the record of this message cannot be read' }) end
  local lease = message.holder ~= '' and current_lease(message) or nil
  if not sender or not lease and (message.holder ~= '' or not is_on_hold(message, record)) then return { 'stale' } end
  local former_tat = tonumber(redis.call('ZSCORE', key.pair_tat, recipient) or 0)
  local started = lease and message.startedUs and math.min(lease.granted_at + message.startedUs, now)
  local stored_run = started and redis.call('GET', message.starts)
  local was_stopped, stopped, due_ms, circuit, is_probe = sender.status == 'stopped', false, 0, nil, nil
  if bucket == 'templates' then
    --- @include template_stop
    bucket = set_stop_bucket(record, message)
  end
  if bucket == 'sender' then
    --- @include cool_down
    stopped = proves_stop(sender, lease and lease.granted_at or now, now)
  end
  if sender.circuit or bucket == 'outage' then
    --- @include circuit
    settlement, circuit, is_probe = pass_circuit(sender, message, lease, settlement, now)
  end
  local ends_stop = settlement == 'sent' and sender.limits and string.find(sender.limits, 'stop', 1, true)
  if bucket == 'template' or bucket == 'window' or bucket == 'templates' or ends_stop then
    --- @include hold_outcome
    settlement, stopped = pass_hold(record, message, settlement, lease, now)
  end
  if not record then
    --- @include supersede
    settlement = supersede(message, settlement, now_ms)
  else
    settlement = count_attempt(sender, message, record, settlement, lease, stopped, now_ms)
    if not lease then redis.call('ZREM', key.unknown, id) end
    if settlement == 'sent' or settlement == 'failed' then
      finish(sender, message, record, settlement, now_ms)
      if settlement == 'sent' then sent = sent + 1 end
    else
      --- @include requeue
      due_ms = requeue(message, record, settlement, now_ms)
      queues = key.queue
    end
  end

  local tat, resumed = raise_tat(sender, message, lease, started, former_tat, now), false
  if bucket == 'sender' or was_stopped then
    --- @include stop_or_resume
    resumed = stop_or_resume(sender, message, lease, stopped and bucket == 'sender', now)
  end
  local reply = { 'settled', due_ms, '', resumed and 1 or 0, stopped and 1 or 0, settlement, circuit or '' }
  if not lease then return reply end
  if started then
    local run, life, took, least = check_spacing(stored_run, sender, started)
    redis.call('SET', message.starts, run, 'PX', life)
    reply[8], reply[9] = took, least
  end
  -- The pair is free: its head gets a ready time. A message that was given back keeps its own, but not after a failed probe: the next uses another.
  redis.call('HDEL', key.grants, recipient)
  redis.call('ZREM', key.inflight, id)
  local lane, ready_at, member = next_ready(queues, recipient, tat, sender.pair_rate, now)
  if not lane then return reply end
  if settlement == 'wait' and not (was_stopped and bucket == 'sender') and not is_probe then
    --- @include record
    if member == member_of(record, id) then ready_at = math.max(lease.ready_at, earliest(tat, sender.pair_rate)) end
  end
  redis.call('ZADD', key.ready[lane], int(ready_at), recipient)
  if ready_at < first_ready_at then first_ready_at, first_reply = ready_at, reply end
  return reply
end
local replies = reply_each(#messages, settle)
if sent > 0 then redis.call('ZINCRBY', key.completed, int(sent), int(math.floor(now_ms / 600000))) end
if first_reply then first_reply[3] = wake_hint(first_ready_at, now, blocked(sender, now)) end
return replies
