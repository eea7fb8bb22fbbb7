#!lua flags=allow-oom
-- Takes a message that waits (in line, scheduled, or for a retry) out for good: cancelled by its caller, or expired.
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
-- KEYS[12]  scheduled        zset    id -> ms
-- KEYS[13]  unknown          zset    id -> hold end, ms
-- KEYS[14]  failures         zset    id -> nextRetryAt, ms
-- KEYS[15]  resolved         zset    id -> ms
-- KEYS[16]  failed           zset    id -> ms
-- KEYS[17]  failure-records  hash    id -> record with its story
-- KEYS[18]  expiry           zset    id -> ms
-- KEYS[19]  shift            string  drain lease
-- KEYS[20]  unacknowledged   zset    id of a FAILED failure -> reason and ms
-- KEYS[21]  outbox           list    changes that somebody is to be told of
--
-- ARGV[1]   now     µs    '' for Redis's clock
-- ARGV[2]   id      text  of the message
-- ARGV[3]   reason  word  cancelled, or expired (only once its life is over)
-- ARGV[4]   tail    text  caller, '-', metadata: end of the compact result
-- ARGV[5]   history   JSON  who and why, one line; kept where the message had failed before
--
-- Returns:
--   {'done', attention, had failed before 0 or 1}
--   {'busy'}    it is being sent, or nobody knows yet whether it was, or the sender has no rules yet
--   {'alive'}   its life is not over
--   {'gone'}    it is settled, or unknown here
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
--- @include attention
--- @include unseen
local msg, backlog, lines, turns = KEYS[1], KEYS[2], { KEYS[3], KEYS[4], KEYS[5] }, { KEYS[6], KEYS[7], KEYS[8] }
local held, pace, sender_key, scheduled, unknown, failures = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local resolved, failed, records, expiry, shift, unacknowledged = KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19], KEYS[20]
local outbox = KEYS[21]
local given, id, reason, tail, story = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local text = redis.call('HGET', backlog, id)
local now = clock(given)
local now_ms = math.floor(now / 1000)
if not text then
  redis.call('ZREM', expiry, id)
  return { 'gone' }
end
local record = read_record(text)
local sender = read_sender(sender_key)
if not sender then return { 'busy' } end
local grant = read_grant(redis.call('HGET', held, record.recipient))
if (grant and grant.id == id) or redis.call('ZSCORE', unknown, id) then
  -- Housekeeping asks again in a minute, so that these don't stand before others whose life is over.
  if reason == 'expired' then redis.call('ZADD', expiry, 'XX', now_ms + 60000, id) end
  return { 'busy' }
end
if reason == 'expired' and record.expires > now_ms then return { 'alive' } end

local letter = reason == 'expired' and 'e' or 'c'
local result, life = write_result(letter, id, redis.call('GET', msg), now, record, tail)
if life then redis.call('SET', msg, result, 'PX', life) end
if sender.tells then redis.call('RPUSH', outbox, outbox_item(id, now_ms, result, story)) end
redis.call('HDEL', backlog, id)
redis.call('ZREM', expiry, id)
redis.call('ZREM', scheduled, id)
local had_failed = record.attempts > 0 and 1 or 0
redis.call('ZREM', failures, id)
if had_failed == 1 then
  record.body = record.body .. '\n' .. int(now_ms) .. ' ' .. story
  redis.call('HSET', records, id, write_record(record))
  redis.call('ZADD', reason == 'expired' and failed or resolved, now_ms, id)
  if reason == 'expired' then redis.call('ZADD', unacknowledged, unseen_score(reason, now_ms), id) end
end

local who, value = '', nil
local in_line = redis.call('ZREM', lines[record.lane], member_of(record, id)) == 1
if in_line and not grant then
  -- Only where the head left does the pair's turn change; the next message became head just now.
  local turn_lane, old = turn_of(turns, record.recipient)
  local tat = tonumber(redis.call('ZSCORE', pace, record.recipient) or 0)
  local lane, turn, member = next_turn(lines, record.recipient, tat, sender.pair, now)
  if turn_lane then redis.call('ZREM', turns[turn_lane], record.recipient) end
  if lane then
    local still_head = lane < record.lane or (lane == record.lane and member < member_of(record, id))
    if still_head and old then turn = old end
    redis.call('ZADD', turns[lane], turn, record.recipient)
    who, value = attention(shift, turn, now, closed(sender, now))
  end
end
if value then redis.call('SET', shift, unpack(value)) end
return { 'done', who, had_failed }
