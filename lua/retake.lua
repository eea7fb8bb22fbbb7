#!lua
-- Puts one failed message through the same gate as a new one: a grant, or the head of its line (its old number stands
-- before younger ones). Takes a PENDING failure, due or forced, or reopens a FAILED one while its record is kept.
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
-- KEYS[11]  flow             string  TAT in µs, slots used
-- KEYS[12]  seq              string  last number drawn for a line
-- KEYS[13]  sender           hash    rules and state
-- KEYS[14]  inflight         zset    id -> lease end, µs
-- KEYS[15]  failures         zset    id -> nextRetryAt, ms
-- KEYS[16]  failed           zset    id -> ms
-- KEYS[17]  failure-records  hash    id -> record with its story
-- KEYS[18]  expiry           zset    id -> ms
-- KEYS[19]  shift            string  drain lease
-- KEYS[20]  unacknowledged   zset    id of a FAILED failure -> reason and ms
-- KEYS[21]  opt-outs         hash    recipients that want no marketing
--
-- ARGV[1]   now      µs      '' for Redis's clock
-- ARGV[2]   id       text    of the message
-- ARGV[3]   force    0 or 1  1: also before nextRetryAt, and reopen a FAILED one
-- ARGV[4]   inline   0 or 1  1: the caller can send at once
-- ARGV[5]   holder   text    node and call that a grant belongs to
-- ARGV[6]   runId    text    '' for Redis's own replication id
-- ARGV[7]   leaseMs  ms      life of a grant
-- ARGV[8]   lifeMs   ms      new life of a reopened message
-- ARGV[9]   history    JSON    who retries, one line; '' for the schedule
--
-- Returns:
--   {'granted', recipient, attempt, stops, lane, body of the record, limits of its pair in a row}
--   {'queued', attention}
--   {'expired'}   its life is over; the caller cancels it
--   {'unwanted'}  it is marketing, and its recipient wants none; the caller cancels it
--   {'gone'}      it is no failure that may be retried now
--   {'unruled'}   no rules are written for this sender
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
--- @include gate
--- @include attention
local msg, backlog, seq, sender_key, failures, failed, records, expiry, shift, unacknowledged, opt_outs =
  KEYS[1], KEYS[2], KEYS[12], KEYS[13], KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19], KEYS[20], KEYS[21]
local key = {
  lines = { KEYS[3], KEYS[4], KEYS[5] }, turns = { KEYS[6], KEYS[7], KEYS[8] },
  held = KEYS[9], pace = KEYS[10], flow = KEYS[11], inflight = KEYS[14]
}
local given, id, force, inline, holder, run_id = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4] == '1', ARGV[5], ARGV[6]
local lease, life, story = tonumber(ARGV[7]) * 1000, tonumber(ARGV[8]), ARGV[9]

local now = clock(given)
local now_ms = math.floor(now / 1000)
local due = tonumber(redis.call('ZSCORE', failures, id) or nil)
local reopened = not due and force and redis.call('ZSCORE', failed, id)
if not reopened and (not due or (due > now_ms and not force)) then return { 'gone' } end
local text = redis.call('HGET', reopened and records or backlog, id)
local sender = read_sender(sender_key)
if not sender then return { 'unruled' } end
if not text then return { 'gone' } end
local record = read_record(text)
-- Nothing is left of it to send: it failed after it was accepted, when its content was gone.
if record.lane == 0 then return { 'gone' } end
if reopened then record.expires, record.keep, record.stops = now_ms + life, math.max(record.keep, now_ms + life), 0 end
if record.expires <= now_ms then return { 'expired' } end
if record.marketing and redis.call('HEXISTS', opt_outs, record.recipient) == 1 then return { 'unwanted' } end
-- A key that has meanwhile been used again belongs to the younger message; this one lives on without a record.
local known = redis.call('GET', msg)
local digest, generation = string.match(id, '^(.+)%.(%x+)$')
local ours = known and string.match(known, '^%a (%x+)') == generation

local new_server = restarted(sender, run_id, now)
local look = look_at(key, { record.recipient })
local seen = gate(look, sender, record.recipient, record.lane, now)
local granted = inline and seen.open
if story ~= '' then record.body = record.body .. '\n' .. int(now_ms) .. ' ' .. story end
if record.seq == 0 then record.seq = numbers(seq, 1)() end
if new_server then redis.call('HSET', sender_key, 'runId', new_server, 'coolUntil', sender.cool_until) end
redis.call('ZREM', failures, id)
if reopened then
  redis.call('ZREM', failed, id)
  redis.call('ZREM', unacknowledged, id)
  redis.call('HDEL', records, id)
  if ours or not known then
    local fingerprint = known and string.match(known, '^%a %x+ (%x+)') or '0'
    redis.call('SET', msg, 'w ' .. generation .. ' ' .. fingerprint)
  end
end
redis.call('HSET', backlog, id, write_record(record))
redis.call('ZADD', expiry, record.expires, id)

if granted then
  local grant = take(look, sender, record.recipient, id, record.attempts + 1, now + lease, holder, now)
  redis.call('ZADD', key.pace, seen.pair.tat, record.recipient)
  redis.call('SET', key.flow, int(look.flow_tat) .. ' ' .. int(look.slots))
  redis.call('HSET', key.held, record.recipient, grant)
  redis.call('ZADD', key.inflight, now + lease, id)
  return { 'granted', record.recipient, record.attempts + 1, record.stops, record.lane, record.body, record.pair_hits }
end

redis.call('ZADD', key.lines[record.lane], 0, member_of(record, id))
local who, value = attention(shift, join(look, sender, record.recipient, record.lane, now), now, seen.closed)
if value then redis.call('SET', shift, unpack(value)) end
return { 'queued', who }
