#!lua flags=allow-oom
-- Applies evidence that one attempt was accepted, delivered or read: a webhook status, or a success whose token is stale. The message is settled
-- as sent at once, whatever its state, and nothing sends it again. If a later attempt is in flight, only its grant is left to settle. A second
-- acceptance is a double, and is reported once. The state of a sent message only rises, whichever attempt was delivered. If an attempt is known to
-- have failed after it was accepted, only a delivery changes that.
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
--   completed        zset    ten minutes -> messages sent in them
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   outbox           list    changes that callbacks are due for
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   campaigns        hash    campaign, or `~` and a caller -> counts of its messages
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now           µs     empty for Redis's clock
--   id            text   of the message
--   attempt       count  that was accepted; 0 if unknown
--   status        word   s sent, d delivered, r read
--   atMs          ms     when that was, by the provider's clock; 0 for now
--   wamid         text   the provider's id of the message
--   resultSuffix  text   caller, provider message id, metadata: end of the compact result; empty if the record is not known
--   history       JSON   what happened, one line
--
-- Returns:
--   sent          -       the message is now settled as sent
--   advanced      -       it was settled as sent before; it is now delivered or read
--   known         -       this has been settled already
--   double        -       it was sent before by another attempt
--   bounced       -       this attempt is known to have failed since it was accepted
--   in-flight     -       this attempt is in flight: its own response comes first
--   needs_suffix  record  call again with a resultSuffix made of this record
--   gone          -       no data of the message is stored
--- @include clock
--- @include history
--- @include sender
--- @include grant
--- @include leave_places
--- @include close
--- @include raise

local id, wamid, status = arg.id, arg.wamid, arg.status
local known = redis.call('GET', key.msg)
local sender = read_sender()
local now = clock()
local now_ms = math.floor(now / 1000)
local at = int(arg.atMs > 0 and arg.atMs or now_ms)
local result = read_result(known)
if result.generation ~= generation_of(id) then result = {} end
if result.recipient == '-' then return { 'gone' } end
if string.match(result.letter or '', '[sdr]') then return { raise_result(sender, result, at, now_ms) } end

local waiting = redis.call('HGET', key.backlog, id)
local text = waiting or redis.call('HGET', key.failure_records, id)
local record = text and read_record(text)
local is_resolved = not waiting and redis.call('ZSCORE', key.resolved, id)
local is_sent = is_resolved and not (record and last_tag(record.body) == 'cancelled')
is_sent = is_sent or not waiting and redis.call('ZSCORE', key.unconfirmed, id)
if not record or not sender then return { is_sent and 'known' or 'gone' } end
local grant = grant_of(record.recipient)
if grant and grant.id == id and grant.attempt == arg.attempt then return { 'in-flight' } end
if is_sent then return { raise_record(record, is_resolved, now_ms) } end
if status == 's' and marks_of(record.body)[wamid] == 'bounced' then return { 'bounced' } end
if arg.resultSuffix == '' then return { 'needs_suffix', text } end

local former, former_code = 'w', nil
if not waiting and (record.template or record.caller) then
  --- @include counts
  former, former_code = ending_of(record), code_of(record)
end
append_history(record, now_ms, arg.history, success_tag())
record.attempts = math.max(record.attempts, arg.attempt)
for _, list in ipairs({ key.unknown, key.failed, key.unacknowledged }) do redis.call('ZREM', list, id) end
leave_places(sender, record, id, grant, now)
local _, is_stored = close_message(sender, record, {
  id = id, msg = key.msg, known = known, letter = 's', status = status, status_at = at, resultSuffix = arg.resultSuffix, history = arg.history,
  list = key.resolved, keeps_record = true, former = former, former_code = former_code
}, now_ms)
-- Without a result only this entry says that the attempt may still fail.
if not is_stored and status == 's' then redis.call('ZADD', key.unconfirmed, now_ms + REPORTED_LIFE, id) end
leave_backlog({ id })
redis.call('ZINCRBY', key.completed, 1, int(math.floor(now_ms / 600000)))
return { 'sent' }
