#!lua flags=allow-oom
-- Applies a failed status of an accepted attempt. The message is retried later if its content is still stored, else FAILED. One that was delivered,
-- or of which another attempt was accepted, stays sent. A failure that does not decide its state is only noted, so that a later `sent` is ignored.
--
-- Keys:
--   msg              string  idempotency record of this digest
--   backlog          hash    id -> record of an unsettled message
--   grants           hash    recipient -> grant
--   pair-tat         zset    recipient -> TAT, µs
--   sender-tat       string  TAT in µs, slots used
--   sender           hash    rules and state
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   completed        zset    ten minutes -> messages sent in them
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   outbox           list    changes that callbacks are due for
--   opt-outs         hash    recipient that wants no marketing -> since when, and why
--   templates        hash    templates that are not sent now
--   windows          zset    recipient -> last act, ms
--   campaigns        hash    campaign, or `~` and a caller -> counts of its messages
--
-- Arguments:
--   now           µs     empty for Redis's clock
--   id            text   of the message
--   attempt       count  that failed; 0 if only the provider's id is known
--   afterMs       ms     until the next attempt; empty for none: FAILED
--   bucket        word   what cools down: pair, sender-rate, throughput (slows it), sender, templates (stop), template, window, marketing or empty
--   coolMs        ms     for how long; for a stop, until the next probe and from probe to probe, 0 for no probe; for a template, 0 for no end
--   code          text   of the failure
--   optOut        JSON   who opts the recipient out, and why
--   template      text   name and language of the template; empty for none
--   reason        word   why it is FAILED: rejected or exhausted; empty otherwise
--   wamid         text   the provider's id of the message
--   history       JSON   what happened, one line
--   payload       JSON   of a failure without a record; empty unless a previous call returned needs_payload
--   resultSuffix  text   caller, provider message id, metadata: end of the compact result; empty unless a previous call returned needs_suffix
--
-- Returns:
--   retry          dueMs, stopped?   the next retry
--   failed         dueMs, stopped?   FAILED; dueMs is 0
--   failure-ignored  -               it was delivered, or another attempt was accepted; the failure is only kept in its history
--   known          -                 another settlement stands, or this failure is known already
--   in-flight      -                 this attempt is in flight, or another one of a message that this would unsettle: its response comes first
--   needs_payload  result            call again with a payload made of this compact result
--   needs_suffix   record            call again with a resultSuffix made of this record
--   gone           -                 no data of the message is stored
--- @include clock
--- @include history
--- @include sender
--- @include grant
--- @include pair_tat
--- @include record
--- @include result
--- @include close
--- @include counts
--- @include cool_down
--- @include success
--- @include uncount
--- @include hold_outcome

local id, after_ms, wamid, now = arg.id, arg.afterMs, arg.wamid, clock()
local known, sender, now_ms = redis.call('GET', key.msg), read_sender(), math.floor(now / 1000)
local result = read_result(known)
if result.generation ~= generation_of(id) then result = {} end
-- An erased message has no recipient.
if not sender or result.recipient == '-' then return { 'gone' } end
local function ignore_failure()
  local with_failure = append_status(result, 'f', arg.code)
  if with_failure then redis.call('SET', key.msg, with_failure, 'KEEPTTL') end
  return { with_failure and 'failure-ignored' or 'known' }
end
if result.letter == 'd' or result.letter == 'r' then return result.wamid == wamid and ignore_failure() or { 'known' } end
if result.letter and result.letter ~= 's' and result.letter ~= 'w' then return { 'known' } end
local waiting = result.letter ~= 's' and redis.call('HGET', key.backlog, id)
local text = waiting or redis.call('HGET', key.failure_records, id)
local record = text and read_record(text)
-- Without a result, its entry in `unconfirmed` says that the message was sent.
local is_sent = result.letter == 's' or (not waiting and record and redis.call('ZSCORE', key.unconfirmed, id))
if not is_sent and not (waiting and record) then return { 'gone' } end
local grant = grant_of(record and record.recipient or result.recipient)
if grant and grant.id == id and (is_sent or grant.attempt == arg.attempt) then return { 'in-flight' } end
local marks = marks_of(record and record.body)
if marks[wamid] == 'bounced' or marks[wamid] == 'delivered' then return { 'known' } end
if result.wamid then marks[result.wamid] = marks[result.wamid] or 'accepted' end

local function add_to_history()
  append_history(record, now_ms, arg.history, 'bounced=' .. wamid)
  redis.call('HSET', waiting and key.backlog or key.failure_records, id, format_record(record))
end
local decides = is_sent and (marks[wamid] or next(marks) == nil)
if waiting then decides = record.attempts == arg.attempt and redis.call('ZSCORE', key.unknown, id) end
if not decides then
  if record then add_to_history() end
  return { 'known' }
end
local other = other_success(marks, wamid)
if other then
  if record then add_to_history() end
  if result.wamid == wamid then redis.call('SET', key.msg, with_wamid(result, other), 'KEEPTTL') end
  return { 'failure-ignored' }
end
-- A second acceptance of which only the hash is left.
if result.receipts and string.find(result.receipts, ':x', 1, true) then return ignore_failure() end
-- The failure is built from the record, or from the compact result. The latter has no content to send again, which lane 0 marks.
if not record and arg.payload == '' then return { 'needs_payload', known } end
if not record or record.lane == 0 then after_ms = nil end
if arg.bucket == 'window' and not may_hold(record) then after_ms = nil end
if record and not after_ms and not result.suffix and arg.resultSuffix == '' then return { 'needs_suffix', text } end
if not record then
  local keep = now_ms + math.max(0, redis.call('PTTL', key.msg))
  local campaign, caller = counted_of_result(result.suffix)
  record = record_of_result(result, campaign, caller, now_ms, keep, arg.payload)
end
record.attempts = math.max(record.attempts, arg.attempt)
local settled_ms = tonumber(result.at or redis.call('ZSCORE', key.resolved, id) or string.match(record.body, '.*\n(%d+)') or 0)
local bucket = arg.bucket == 'templates' and stop_bucket_of(record) or arg.bucket
local stops = bucket == 'sender' and proves_stop(sender, settled_ms * 1000, now)
local tat = pair_tat_of(record.recipient)
append_history(record, now_ms, arg.history, 'bounced=' .. wamid)
if arg.bucket == 'window' then bounce_window(record, settled_ms) end
for _, list in ipairs({ key.unconfirmed, key.unknown, key.retries, key.resolved }) do redis.call('ZREM', list, id) end
if is_sent then uncount(settled_ms) end
if after_ms then
  mark_unsettled(key.msg, id, known)
  if is_sent then count_closed(record, 's', 'w', now_ms) end
  redis.call('HDEL', key.failure_records, id)
  redis.call('HSET', key.backlog, id, format_record(record))
  redis.call('ZADD', key.failures, now_ms + after_ms, id)
  redis.call('ZADD', key.expiry, record.expires, id)
else
  close_message(sender, record, {
    id = id, msg = key.msg, known = known, letter = 'f', resultSuffix = result.suffix or arg.resultSuffix, history = arg.history,
    reason = arg.reason, list = key.failed, former = is_sent and 's' or 'w'
  }, now_ms)
  leave_backlog({ id })
end
local cool_us = arg.coolMs * 1000
if stops then stop_sender(sender, arg.code, cool_us, now) end
if bucket == 'templates' then stops = pass_stop(arg.code, cool_us, settled_ms * 1000, now) end
if bucket == 'template' then bounce_template(record, after_ms, now) end
local cooled_tat = cool_down(sender, bucket, record.recipient, tat, cool_us, arg.optOut, now, settled_ms * 1000)
if cooled_tat ~= tat then redis.call('ZADD', key.pair_tat, cooled_tat, record.recipient) end
return { after_ms and 'retry' or 'failed', after_ms and now_ms + after_ms or 0, stops and 1 or 0 }
