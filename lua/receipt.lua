#!lua flags=allow-oom
-- Applies evidence that one attempt was accepted, delivered or read: a webhook status, or a success whose token is stale. The message is sent,
-- whatever its state, unless another attempt is in flight. A second acceptance is a double, and is reported once. The state of a sent message
-- only rises. If an attempt is known to have failed after it was accepted, only a delivery changes that.
--
-- Keys:
--   msg              string  idempotency record of this digest
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   grants           hash    recipient -> grant
--   pair-tat         zset    recipient -> TAT, µs
--   sender           hash    rules and state
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when it was taken up, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   completed        zset    ten minutes -> messages sent in them
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   outbox           list    changes that callbacks are due for
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
--   raised        -       it was settled as sent before; its state has risen
--   known         -       this has been settled already
--   double        -       it was sent before, or another attempt is in flight: it may be delivered twice
--   bounced       -       this attempt is known to have failed since it was accepted
--   early         -       this attempt is in flight: its own response comes first
--   needs_suffix  record  call again with a resultSuffix made of this record
--   gone          -       Redis has nothing of it any more
--- @include clock
--- @include sender
--- @include grant
--- @include free_pair
--- @include close

local id, wamid, status = arg.id, arg.wamid, arg.status

-- The last entry of the history about this acceptance: `known`, or `bounced` if it failed later; nil for none.
local function last_mark_of_this(body)
  local last
  for tag, named in string.gmatch(body or '', '\n%d+:(%a+)=(%S+) ') do
    if named == wamid then last = tag == 'accepted' and 'known' or 'bounced' end
  end
  return last
end

local known = redis.call('GET', key.msg)
local sender = read_sender()
local now = clock()
local now_ms = math.floor(now / 1000)
local at = int(arg.atMs > 0 and arg.atMs or now_ms)
local result = read_result(known)
local is_current = known and result.generation == generation_of(id)
if is_current and result.recipient == '-' then return { 'gone' } end
if is_current and string.match(result.letter, '[sdr]') then
  if result.wamid ~= wamid then
    local mark = last_mark_of_this(redis.call('HGET', key.failure_records, id))
    if mark == 'known' or (mark and status == 's') then return { mark } end
    -- Several statuses follow one acceptance, each more than once. The double is kept with the other receipts, and reported once.
    local with_mark = append_status(result, 'x' .. string.sub(redis.sha1hex(wamid), 1, 8), '')
    if with_mark then redis.call('SET', key.msg, with_mark, 'KEEPTTL') end
    return { with_mark and 'double' or 'known' }
  end
  -- The first receipt: the record is no longer needed for a failed status.
  local was_unconfirmed = redis.call('ZREM', key.unconfirmed, id) == 1
  if was_unconfirmed and not redis.call('ZSCORE', key.resolved, id) then redis.call('HDEL', key.failure_records, id) end
  local letter, risen = result.letter, append_status(result, status, at)
  if not risen then return { 'known' } end
  redis.call('SET', key.msg, risen, 'KEEPTTL')
  -- A delivery that arrives after the read changes nothing.
  if sender and sender.callbacks and result.letter ~= letter then append_change(sender, outbox_item(id, now_ms, risen, '')) end
  return { 'raised' }
end
-- After the idempotency window only the entry in `resolved` is left.
if not is_current and redis.call('ZSCORE', key.resolved, id) then return { 'known' } end
local text = redis.call('HGET', key.backlog, id) or redis.call('HGET', key.failure_records, id)
if not text or not sender then return { 'gone' } end
local record = read_record(text)
local grant = grant_of(record.recipient)
local is_in_flight = grant and grant.id == id
if is_in_flight and grant.attempt == arg.attempt then return { 'early' } end
local mark = last_mark_of_this(record.body)
if mark == 'known' and is_in_flight or mark == 'bounced' and status == 's' then return { mark } end
if arg.resultSuffix == '' then return { 'needs_suffix', text } end
append_history(record, now_ms, arg.history, 'accepted=' .. wamid)
if is_in_flight then
  redis.call('HSET', key.backlog, id, write_record(record))
  return { 'double' }
end

record.attempts = math.max(record.attempts, arg.attempt)
for _, list in ipairs({ key.unknown, key.failures, key.retries, key.failed, key.unacknowledged }) do redis.call('ZREM', list, id) end
close_message(sender, record, {
  id = id, msg = key.msg, known = known, letter = 's', status = status, status_at = at, resultSuffix = arg.resultSuffix, history = arg.history,
  list = key.resolved
}, now_ms)
leave_backlog({ id })
redis.call('ZINCRBY', key.completed, 1, int(math.floor(now_ms / 600000)))
leave_queue(sender, record, id, grant, now)
return { 'sent' }
