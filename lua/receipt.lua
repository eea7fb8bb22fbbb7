#!lua flags=allow-oom
-- Evidence, later than its grant, that one attempt was accepted by the provider, or what became of it since: delivered, read.
-- The message is sent, wherever it stands, unless another attempt has it in flight; a second acceptance is a double and is
-- told so. Of a sent message the state only ever rises. That it was accepted is no news of an attempt that is known to have
-- failed after that; that it was delivered is.
--
-- KEYS[1]   msg              string  idempotency record of this digest
-- KEYS[2]   backlog          hash    id -> record of an unsettled message
-- KEYS[3]   lines:urgent     zset    who waits
-- KEYS[4]   lines:normal     zset    who waits
-- KEYS[5]   lines:bulk       zset    who waits
-- KEYS[6]   turns:urgent     zset    recipient -> µs
-- KEYS[7]   turns:normal     zset    recipient -> µs
-- KEYS[8]   turns:bulk       zset    recipient -> µs
-- KEYS[9]   held             hash    recipient -> grant
-- KEYS[10]  pace             zset    recipient -> TAT, µs
-- KEYS[11]  sender           hash    rules and state
-- KEYS[12]  unknown          zset    id -> hold end, ms
-- KEYS[13]  failures         zset    id -> nextRetryAt, ms
-- KEYS[14]  resolved         zset    id -> ms
-- KEYS[15]  failed           zset    id -> ms
-- KEYS[16]  failure-records  hash    id -> record with its story
-- KEYS[17]  expiry           zset    id -> ms
-- KEYS[18]  completed        zset    ten minutes -> messages sent in them
-- KEYS[19]  unacknowledged   zset    id of a FAILED failure -> reason and ms
-- KEYS[20]  unconfirmed      zset    id of a sent message -> ms until which its record is kept
-- KEYS[21]  outbox           list    changes that somebody is to be told of
--
-- ARGV[1]   now      µs     '' for Redis's clock
-- ARGV[2]   id       text   of the message
-- ARGV[3]   attempt  count  that was accepted; 0 where nobody knows
-- ARGV[4]   status   word   s sent, d delivered, r read
-- ARGV[5]   atMs     ms     when that was, by the provider's clock; 0 where it did not say: now, then
-- ARGV[6]   wamid    text   the provider's id of the message
-- ARGV[7]   tail     text   caller, provider message id, metadata: end of the compact result; '' where the record is not known
-- ARGV[8]   history    JSON   what happened, one line
--
-- Returns:
--   {'sent'}          the message is now settled as sent
--   {'raised'}        it had been settled by this acceptance; its state has risen
--   {'known'}         this has been settled already
--   {'double'}        it had been sent already, or another attempt is in flight: it may have gone out twice. Told once
--   {'bounced'}       this attempt is known to have failed since it was accepted
--   {'early'}         this attempt is in flight: its own answer comes first
--   {'tail', record}  a tail is needed: to be called again with it
--   {'gone'}          nothing is known of it any more
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
local msg, backlog, lines, turns = KEYS[1], KEYS[2], { KEYS[3], KEYS[4], KEYS[5] }, { KEYS[6], KEYS[7], KEYS[8] }
local held, pace, sender_key, unknown, failures, resolved = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local failed, records, expiry, completed, unacknowledged = KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19]
local unconfirmed, outbox = KEYS[20], KEYS[21]
local given, id, attempt, status, at, wamid, tail, story =
  ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8]

-- What the story tells last of this acceptance: that it was one, or that it failed after all; nil for nothing.
local function told(body)
  local last
  for line in string.gmatch(body or '', '[^\n]+') do
    if string.find(line, wamid, 1, true) then last = string.find(line, '"outcome":"sent"', 1, true) and 'known' or 'bounced' end
  end
  return last
end

local known = redis.call('GET', msg)
local sender = read_sender(sender_key)
local now = clock(given)
local now_ms = math.floor(now / 1000)
at = int(at > 0 and at or now_ms)
local result = read_result(known)
local ours = known and result.generation == string.match(id, '%.(%x+)$')
if ours and result.recipient == '-' then return { 'gone' } end
if ours and string.match(result.letter, '[sdr]') then
  if result.wamid ~= wamid then
    local before = told(redis.call('HGET', records, id))
    if before == 'known' or (before and status == 's') then return { before } end
    -- Several statuses come of one acceptance, each more than once: it is noted beside what was heard, and told once.
    local noted = raised(result, 'x' .. string.sub(redis.sha1hex(wamid), 1, 8), '')
    if noted then redis.call('SET', msg, noted, 'KEEPTTL') end
    return { noted and 'double' or 'known' }
  end
  -- The first word on it: what its payload was kept for has not come to pass.
  if redis.call('ZREM', unconfirmed, id) == 1 and not redis.call('ZSCORE', resolved, id) then redis.call('HDEL', records, id) end
  local letter, risen = result.letter, raised(result, status, at)
  if not risen then return { 'known' } end
  redis.call('SET', msg, risen, 'KEEPTTL')
  -- That it was delivered is no news of a message that was read.
  if sender and sender.tells and result.letter ~= letter then redis.call('RPUSH', outbox, outbox_item(id, now_ms, risen, '')) end
  return { 'raised' }
end
-- After the key's window the place among the resolved is all that tells.
if not ours and redis.call('ZSCORE', resolved, id) then return { 'known' } end
local text = redis.call('HGET', backlog, id) or redis.call('HGET', records, id)
if not text or not sender then return { 'gone' } end
local record = read_record(text)
local grant = read_grant(redis.call('HGET', held, record.recipient))
local is_in_flight = grant and grant.id == id
if is_in_flight and grant.attempt == attempt then return { 'early' } end
local before = told(record.body)
if before == 'known' and is_in_flight or before == 'bounced' and status == 's' then return { before } end
if tail == '' then return { 'tail', text } end
record.body = record.body .. '\n' .. int(now_ms) .. ' ' .. story
if is_in_flight then
  redis.call('HSET', backlog, id, write_record(record))
  return { 'double' }
end

record.attempts = math.max(record.attempts, attempt)
local written, life = write_result('s', id, known, now, record, tail)
written = raised(read_result(written), status, at) or written
if life then redis.call('SET', msg, written, 'PX', life) end
if sender.tells then redis.call('RPUSH', outbox, outbox_item(id, now_ms, written, story)) end
redis.call('HDEL', backlog, id)
redis.call('ZREM', expiry, id)
redis.call('ZREM', unknown, id)
redis.call('ZREM', failures, id)
redis.call('ZREM', failed, id)
redis.call('ZREM', unacknowledged, id)
redis.call('HSET', records, id, write_record(record))
redis.call('ZADD', resolved, now_ms, id)
redis.call('ZINCRBY', completed, 1, int(math.floor(now_ms / 600000)))
local was_waiting = redis.call('ZREM', lines[record.lane], member_of(record, id)) == 1
if was_waiting and not grant then
  local turn_lane, old = turn_of(turns, record.recipient)
  if turn_lane then redis.call('ZREM', turns[turn_lane], record.recipient) end
  local tat = tonumber(redis.call('ZSCORE', pace, record.recipient) or 0)
  local lane, turn, member = next_turn(lines, record.recipient, tat, sender.pair, now)
  if lane then
    local still_head = lane < record.lane or (lane == record.lane and member < member_of(record, id))
    redis.call('ZADD', turns[lane], still_head and old or turn, record.recipient)
  end
end
return { 'sent' }
