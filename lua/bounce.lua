#!lua flags=allow-oom
-- Word that one attempt, accepted by the provider, could not be delivered. The message becomes a failure: a retry later while
-- its record is still held, else FAILED. Whatever another attempt has come to stands, and so does a delivery.
--
-- KEYS[1]   msg              string  idempotency record of this digest
-- KEYS[2]   backlog          hash    id -> record of an unsettled message
-- KEYS[3]   held             hash    recipient -> grant
-- KEYS[4]   pace             zset    recipient -> TAT, µs
-- KEYS[5]   flow             string  TAT in µs, slots used
-- KEYS[6]   sender           hash    rules and state
-- KEYS[7]   unknown          zset    id -> hold end, ms
-- KEYS[8]   failures         zset    id -> nextRetryAt, ms
-- KEYS[9]   resolved         zset    id -> ms
-- KEYS[10]  failed           zset    id -> ms
-- KEYS[11]  failure-records  hash    id -> record with its story
-- KEYS[12]  expiry           zset    id -> ms
-- KEYS[13]  unconfirmed      zset    id of a sent message -> ms until which its record is kept
-- KEYS[14]  unacknowledged   zset    id of a FAILED failure -> reason and ms
-- KEYS[15]  outbox           list    changes that somebody is to be told of
-- KEYS[16]  opt-outs         hash    recipient that wants no marketing -> since when, and why
--
-- ARGV[1]   now      µs     '' for Redis's clock
-- ARGV[2]   id       text   of the message
-- ARGV[3]   attempt  count  that failed; 0 where only the provider's id names it
-- ARGV[4]   afterMs  ms     until the next attempt; '' for none: FAILED
-- ARGV[5]   bucket   word   what cools down: pair, flow, sender (stops it), marketing (the recipient wants none) or ''
-- ARGV[6]   coolMs   ms     for how long; for a sender, until the next try and from try to try
-- ARGV[7]   code     text   of the failure
-- ARGV[8]   reason   word   why it is FAILED, where it is: rejected or exhausted
-- ARGV[9]   wamid    text   the provider's id of the message
-- ARGV[10]  history    JSON   what happened, one line
--
-- Returns:
--   {'retry', moment of the next retry in ms, stopped 0 or 1}
--   {'failed', 0, stopped 0 or 1}
--   {'beside'}  it was delivered; the failure is kept beside that
--   {'known'}   it is settled otherwise, or this has been told before
--   {'early'}   this attempt is in flight: its own answer comes first
--   {'gone'}    nothing is known of it any more
--- @include clock
--- @include gcra
--- @include sender
--- @include record
--- @include unseen
local msg, backlog, held, pace, flow, sender_key, unknown = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local failures, resolved, failed, records, expiry = KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local unconfirmed, unacknowledged, outbox, opt_outs = KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local given, id, attempt, after, bucket = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local cool, code, reason, wamid, story = tonumber(ARGV[6]) * 1000, ARGV[7], ARGV[8], ARGV[9], ARGV[10]

local known = redis.call('GET', msg)
local result = read_result(known)
local sender = read_sender(sender_key)
-- One that was erased has no recipient left.
if not sender or result.generation ~= string.match(id, '%.(%x+)$') or result.recipient == '-' then return { 'gone' } end
if result.letter == 'd' or result.letter == 'r' then
  local risen = result.wamid == wamid and raised(result, 'f', code)
  if risen then redis.call('SET', msg, risen, 'KEEPTTL') end
  return { risen and 'beside' or 'known' }
end

-- What it becomes a failure from: a record that is still whole, or the little that a result tells. Lane 0 says that nothing is
-- left to send.
local now = clock(given)
local now_ms = math.floor(now / 1000)
local text
if result.letter == 's' and result.wamid == wamid then
  text = redis.call('HGET', records, id)
elseif result.letter == 'w' then
  text = redis.call('HGET', backlog, id)
  local record = text and read_record(text)
  local grant = record and read_grant(redis.call('HGET', held, record.recipient))
  if grant and grant.id == id and grant.attempt == attempt then return { 'early' } end
  if not record or record.attempts ~= attempt or not redis.call('ZSCORE', unknown, id) then return { 'known' } end
else
  return { 'known' }
end
local record
if text then
  record = read_record(text)
else
  local caller, metadata = string.match(result.after, '^%S+ (%S+) %S+ ?(.*)$')
  local life = redis.call('PTTL', msg)
  record = {
    recipient = result.recipient, lane = 0, seq = 0, stops = 0, expires = now_ms, keep = now_ms + math.max(0, life),
    body = '{"to":"' .. string.sub(result.recipient, 2) .. '","type":"text","message":"","keySource":"none","caller":"' .. caller ..
      '"' .. (string.sub(metadata, 1, 1) == '{' and ',"metadata":' .. metadata or '') .. '}'
  }
  after = nil
end
record.attempts = math.max(record.attempts or result.attempts, attempt)
record.body = record.body .. '\n' .. int(now_ms) .. ' ' .. story

redis.call('ZREM', unconfirmed, id)
redis.call('ZREM', unknown, id)
redis.call('ZREM', resolved, id)
if after then
  local fingerprint = string.match(known, '^%a %x+ (%x+)')
  redis.call('SET', msg, 'w ' .. result.generation .. ' ' .. fingerprint)
  redis.call('HDEL', records, id)
  redis.call('HSET', backlog, id, write_record(record))
  redis.call('ZADD', failures, now_ms + after, id)
  redis.call('ZADD', expiry, record.expires, id)
else
  local tail = string.match(result.after or '', '^%S+ (.*)$')
  local caller = tail and '' or caller_of(record)
  local written, life = write_result('f', id, known, now, record, tail or caller .. ' ' .. wamid)
  if life then redis.call('SET', msg, written, 'PX', life) end
  if sender.tells then redis.call('RPUSH', outbox, outbox_item(id, now_ms, written, story)) end
  redis.call('HDEL', backlog, id)
  redis.call('ZREM', expiry, id)
  redis.call('HSET', records, id, write_record(record))
  redis.call('ZADD', failed, now_ms, id)
  redis.call('ZADD', unacknowledged, unseen_score(reason, now_ms), id)
end

local stopped = 0
if bucket == 'sender' and not closed(sender, now) then
  redis.call('HSET', sender_key, 'status', 'stopped', 'reason', code, 'until', now + cool, 'since', now, 'tryEvery', cool)
  stopped = 1
elseif bucket == 'marketing' then
  redis.call('HSETNX', opt_outs, record.recipient, opted_out(now_ms, code))
elseif bucket == 'pair' then
  local tat = tonumber(redis.call('ZSCORE', pace, record.recipient) or 0)
  redis.call('ZADD', pace, cooled(tat, now + cool, sender.pair), record.recipient)
elseif bucket == 'flow' then
  local tat, slots = string.match(redis.call('GET', flow) or '0 0', '^(%d+) (%d+)$')
  redis.call('SET', flow, int(cooled(tonumber(tat), now + cool, sender.flow)) .. ' ' .. slots)
end
return { after and 'retry' or 'failed', after and now_ms + after or 0, stopped }
