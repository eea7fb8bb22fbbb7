#!lua flags=allow-oom
-- Applies a failed status: an attempt that the provider had accepted could not be delivered. The message becomes a failure: it is retried later
-- if its record is still stored, else FAILED. The result of another attempt is not changed, and a delivery neither.
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
--   retries          zset    id of a failure whose retry has begun -> when it was taken up, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   outbox           list    changes that callbacks are due for
--   opt-outs         hash    recipient that wants no marketing -> since when, and why
--
-- Arguments:
--   now           µs     empty for Redis's clock
--   id            text   of the message
--   attempt       count  that failed; 0 if only the provider's id is known
--   afterMs       ms     until the next attempt; empty for none: FAILED
--   bucket        word   what cools down: pair, sender-rate, sender (stops it), marketing (opts the recipient out) or empty
--   coolMs        ms     for how long; for a sender, until the next probe and from probe to probe
--   code          text   of the failure
--   optOut        JSON   note that is kept with an opt-out
--   reason        word   why it is FAILED: rejected or exhausted; empty otherwise
--   wamid         text   the provider's id of the message
--   history       JSON   what happened, one line
--   payload       JSON   of a failure without a record; empty unless a previous call returned needs_payload
--   resultSuffix  text   caller, provider message id, metadata: end of the compact result; empty unless a previous call returned needs_suffix
--
-- Returns:
--   retry          dueMs, stopped?   the next retry
--   failed         dueMs, stopped?   FAILED; dueMs is 0
--   beside         -                 it was delivered; the failure is kept with the delivery
--   known          -                 another settlement stands, or this failure is known already
--   early          -                 this attempt is in flight: its own response comes first
--   needs_payload  result            call again with a payload made of this compact result
--   needs_suffix   record            call again with a resultSuffix made of this record
--   gone           -                 Redis has nothing of it any more
--- @include clock
--- @include sender
--- @include grant
--- @include pair_tat
--- @include close
--- @include cool_down

local id, after_ms = arg.id, arg.afterMs
local known = redis.call('GET', key.msg)
local result = read_result(known)
local sender = read_sender()
-- An erased message has no recipient.
if not sender or result.generation ~= generation_of(id) or result.recipient == '-' then return { 'gone' } end
if result.letter == 'd' or result.letter == 'r' then
  local with_failure = result.wamid == arg.wamid and append_status(result, 'f', arg.code)
  if with_failure then redis.call('SET', key.msg, with_failure, 'KEEPTTL') end
  return { with_failure and 'beside' or 'known' }
end

local now = clock()
local now_ms = math.floor(now / 1000)
local text
if result.letter == 's' and result.wamid == arg.wamid then
  text = redis.call('HGET', key.failure_records, id)
elseif result.letter == 'w' then
  text = redis.call('HGET', key.backlog, id)
  local record = text and read_record(text)
  local grant = record and grant_of(record.recipient)
  if grant and grant.id == id and grant.attempt == arg.attempt then return { 'early' } end
  if not record or record.attempts ~= arg.attempt or not redis.call('ZSCORE', key.unknown, id) then return { 'known' } end
else
  return { 'known' }
end
-- The failure is built from the record, or from the compact result. The latter has no content to send again, which lane 0 marks.
if not text and arg.payload == '' then return { 'needs_payload', known } end
if text and not after_ms and not result.suffix and arg.resultSuffix == '' then return { 'needs_suffix', text } end
local record = text and read_record(text)
if not record then
  local keep = now_ms + math.max(0, redis.call('PTTL', key.msg))
  record = {
    recipient = result.recipient, lane = 0, seq = 0, stops = 0, attempts = result.attempts, expires = now_ms, keep = keep, body = arg.payload
  }
  after_ms = nil
end
record.attempts = math.max(record.attempts, arg.attempt)
append_history(record, now_ms, arg.history, 'bounced=' .. arg.wamid)
local stops = arg.bucket == 'sender' and not blocked(sender, now)
local tat = pair_tat_of(record.recipient)

redis.call('ZREM', key.unconfirmed, id)
redis.call('ZREM', key.unknown, id)
redis.call('ZREM', key.retries, id)
redis.call('ZREM', key.resolved, id)
if after_ms then
  redis.call('SET', key.msg, 'w ' .. result.generation .. ' ' .. string.match(known, '^%a %x+ (%x+)'))
  redis.call('HDEL', key.failure_records, id)
  redis.call('HSET', key.backlog, id, write_record(record))
  redis.call('ZADD', key.failures, now_ms + after_ms, id)
  redis.call('ZADD', key.expiry, record.expires, id)
else
  close_message(sender, record, {
    id = id, msg = key.msg, known = known, letter = 'f', resultSuffix = result.suffix or arg.resultSuffix, history = arg.history,
    reason = arg.reason, list = key.failed
  }, now_ms)
  leave_backlog({ id })
end
if stops then stop_sender(sender, arg.code, arg.coolMs * 1000, now) end
local cooled_tat = cool_down(sender, arg.bucket, record.recipient, tat, arg.coolMs * 1000, arg.optOut, now)
if cooled_tat ~= tat then redis.call('ZADD', key.pair_tat, cooled_tat, record.recipient) end
return { after_ms and 'retry' or 'failed', after_ms and now_ms + after_ms or 0, stops and 1 or 0 }
