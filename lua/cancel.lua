#!lua flags=allow-oom
-- Closes a waiting message (queued, scheduled, or waiting for a retry): cancelled, expired, or failed since its template is rejected or its window
-- closed.
--
-- Keys:
--   msg              string  idempotency record of this digest
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   grants           hash    recipient -> grant
--   pair-tat         zset    recipient -> TAT, µs
--   sender           hash    rules and state
--   scheduled        zset    `number:id` -> ms
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   drain-lease      string  the drain run of this sender
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   outbox           list    changes that callbacks are due for
--   templates        hash    templates that are not sent now
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   windows          zset    recipient -> last act, ms
--   campaigns        hash    campaign, or `~` and a caller -> counts of its messages
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now           µs    empty for Redis's clock
--   id            text  of the message
--   reason        word  cancelled, expired (only once its life or its campaign is over), rejected or closed (only while template or window is)
--   resultSuffix  text  caller, '-', metadata: end of the compact result
--   history       JSON  who and why, one line; kept if the message failed
--
-- Returns:
--   done   wakeHint, hadFailed?
--   busy   -                     it is in flight, its outcome is unknown, or the sender has no rules yet
--   alive  -                     it has not expired and its campaign not ended, its template is not rejected, or its window not closed
--   gone   -                     it is settled or unknown
--- @include clock
--- @include history
--- @include sender
--- @include grant
--- @include leave_places
--- @include close
--- @include wake_hint
--- @include hold

local id, is_expired = arg.id, arg.reason == 'expired'
local text = redis.call('HGET', key.backlog, id)
local now = clock()
local now_ms = math.floor(now / 1000)
local record = text and read_record(text)
if not record then
  redis.call('ZREM', key.expiry, id)
  return { 'gone' }
end
local sender = read_sender()
if not sender then return { 'busy' } end
local grant = grant_of(record.recipient)
if (grant and grant.id == id) or redis.call('ZSCORE', key.unknown, id) then
  -- Housekeeping tries it again in a minute, so that such messages do not fill its batches.
  if is_expired then redis.call('ZADD', key.expiry, 'XX', now_ms + 60000, id) end
  return { 'busy' }
end
if is_expired and record.expires > now_ms then
  local _, _, campaign = read_mark(record.template)
  if not campaign or campaign_effect(campaign, record.seq, now) ~= 'ended' then return { 'alive' } end
end
local is_rejected = arg.reason == 'rejected' or arg.reason == 'closed'
if is_rejected then
  -- Also while its campaign is paused: it may wait for its template.
  local plan, template = read_mark(record.template)
  if own_effect_of(plan, template, record.recipient, record.seq, record.stops, now_ms) ~= arg.reason then return { 'alive' } end
end

local had_failed = record.attempts > 0
if is_rejected then append_history(record, now_ms, arg.history)
elseif had_failed then append_history(record, now_ms, arg.history, arg.reason) end
local letter = is_expired and 'e' or is_rejected and 'f' or 'c'
local list = (is_rejected or had_failed and is_expired) and key.failed or had_failed and key.resolved or nil
close_message(sender, record, {
  id = id, msg = key.msg, known = redis.call('GET', key.msg), letter = letter, resultSuffix = arg.resultSuffix,
  history = arg.history, reason = is_rejected and 'rejected' or arg.reason, list = list
}, now_ms)
leave_backlog({ id })
local ready_at = leave_places(sender, record, id, grant, now)
return { 'done', wake_hint(ready_at, now, blocked(sender, now)), had_failed and 1 or 0 }
