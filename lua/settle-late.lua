#!lua flags=allow-oom
-- Settles an attempt whose node reports a definite outcome after its lease expired: WhatsApp rejected it, or it never started. A message that still
-- is where recovery or the policy for unknown outcomes put it is settled as if the lease had not expired. A FAILED message goes back to its queue
-- or its retry, unless it is acknowledged. Once a later attempt is in flight, nothing changes.
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
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when, ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   drain-lease      string  the drain run of this sender
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   outbox           list    changes that callbacks are due for
--   opt-outs         hash    recipient that wants no marketing -> since when, and why
--   templates        hash    templates that are not sent now
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   windows          zset    recipient -> last act, ms
--   campaigns        hash    campaign, or `~` and a caller -> counts of its messages
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now           µs     empty for Redis's clock
--   id            text   of the message
--   attempt       count  token: which attempt this settles
--   holder        text   token: whose lease had expired
--   settlement    word   failed, retry, wait or stop, as for settle.lua
--   afterMs       ms     retry: until the next attempt
--   bucket        word   what cools down, as for settle.lua
--   coolMs        ms     for how long; for a sender, until the next probe and from probe to probe
--   code          text   why the sender stops; for an opt-out, JSON: who and why
--   pairHits      count  consecutive attempts that met the pair limit before this one
--   resultSuffix  text   caller, provider message id, metadata: end of the compact result
--   history       JSON   what happened, one line
--   reason        word   why it failed: rejected or exhausted; may be empty
--
-- Returns:
--   settled    dueMs, wakeHint, stopped?, settlement
--   explained  -                                     it is FAILED already, and now its history and its reason say why
--   stale      -                                     no lease of this holder has expired, or the message has moved on
-- dueMs: the next retry, or 0.
--- @include clock
--- @include history
--- @include sender
--- @include grant
--- @include unacknowledged
--- @include close
--- @include counts
--- @include cool_down
--- @include free_pair
--- @include hold
--- @include hold_outcome
--- @include wake_hint

local id, sender, now = arg.id, read_sender(), clock()
local now_ms = math.floor(now / 1000)
local text, is_failed = redis.call('HGET', key.backlog, id), false
if not text then
  -- Only a failure for an unknown outcome is open to another end, and only while no operator has dealt with it.
  local score = tonumber(redis.call('ZSCORE', key.unacknowledged, id) or 0)
  is_failed = score >= unacknowledged_score('unknown', 0)
  text = is_failed and redis.call('HGET', key.failure_records, id)
end
if not text or not sender then return { 'stale' } end
local record = read_record(text)
if not record then return { 'stale' } end
local recipient, grant = record.recipient, grant_of(record.recipient)
-- settle.lua has tagged the entry of the expired lease with its holder.
local from, to, at = string.find(record.body, '\n(%d+):lease=' .. arg.holder .. ' ')
if not from or record.attempts ~= arg.attempt or record.lane == 0 or (grant and grant.id == id) then return { 'stale' } end

local settlement, bucket = arg.settlement, arg.bucket == 'templates' and stop_bucket_of(record) or arg.bucket
local stopped = bucket == 'sender' and proves_stop(sender, tonumber(at) * 1000, now)
if arg.bucket == 'outage' and sender.probe_at then settlement = 'wait' end
if arg.bucket == 'template' then settlement = pass_template(record, settlement, arg.coolMs * 1000, arg.code, now) end
if bucket == 'templates' then stopped = pass_stop(arg.code, arg.coolMs * 1000, tonumber(at) * 1000, now) end
if arg.bucket == 'window' then settlement = pass_window(record, tonumber(at)) end
if settlement == 'stop' then settlement = stopped and record.stops > 0 and 'failed' or 'wait' end
if settlement == 'wait' then record.attempts = record.attempts - 1 end
if arg.bucket == 'pair' then record.pair_hits = arg.pairHits + 1 elseif settlement == 'wait' then record.pair_hits = arg.pairHits end
if stopped then record.stops = record.stops + 1 end
-- Without the tag: a repeat of this call finds nothing to settle.
record.body = string.sub(record.body, 1, from) .. at .. string.sub(record.body, to)
local former_code = is_failed and is_counted(record) and code_of(record) or nil
append_history(record, now_ms, arg.history)

local known, tat = redis.call('GET', key.msg), pair_tat_of(recipient)
local cooled_tat = cool_down(sender, arg.bucket, recipient, tat, arg.coolMs * 1000, arg.code, now, tonumber(at) * 1000)
if cooled_tat ~= tat then redis.call('ZADD', key.pair_tat, cooled_tat, recipient) end
if bucket == 'sender' and (stopped or sender.status == 'stopped') then stop_sender(sender, arg.code, arg.coolMs * 1000, now) end
if is_failed and settlement == 'failed' then
  redis.call('HSET', key.failure_records, id, format_record(record))
  redis.call('ZADD', key.unacknowledged, unacknowledged_score(arg.reason, now_ms), id)
  count_closed(record, 'f', 'f', now_ms, former_code)
  return { 'explained' }
end

for _, list in ipairs({ key.unknown, key.failures, key.failed, key.unacknowledged }) do redis.call('ZREM', list, id) end
-- Given back to its queue, it is a pending failure if an earlier attempt has failed.
if settlement ~= 'wait' or record.attempts == 0 then
  redis.call('ZREM', key.retries, id)
else
  redis.call('ZADD', key.retries, 'NX', now_ms, id)
end
leave_suspended(record, id, sender.limits)
local ready_at = leave_queue(sender, record, id, grant, now)
local due_ms = 0
if settlement == 'failed' then
  close_message(sender, record, {
    id = id, msg = key.msg, known = known, letter = 'f', resultSuffix = arg.resultSuffix, history = arg.history, reason = arg.reason,
    list = key.failed
  }, now_ms)
  leave_backlog({ id })
else
  if is_failed then
    redis.call('HDEL', key.failure_records, id)
    mark_unsettled(key.msg, id, known)
    count_closed(record, 'f', 'w', now_ms, former_code)
  end
  redis.call('HSET', key.backlog, id, format_record(record))
  redis.call('ZADD', key.expiry, record.expires, id)
  if settlement == 'retry' then
    due_ms = now_ms + arg.afterMs
    redis.call('ZADD', key.failures, due_ms, id)
  else
    local member, _, former = member_of(record, id), ready_of(recipient, now)
    redis.call('ZADD', key.queue[record.lane], 0, member)
    local _, _, head = next_ready(key.queue, recipient, cooled_tat, sender.pair_rate, now)
    -- Behind another head the pair keeps its ready time.
    if not grant and (not former or head == member) then ready_at = free_pair(sender, recipient, now) end
  end
end
return { 'settled', due_ms, wake_hint(ready_at, now, blocked(sender, now)), stopped and 1 or 0, settlement }
