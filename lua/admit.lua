#!lua
-- Accepts a message once: a duplicate is told so, a free slot is granted, else the message joins its line and learns how
-- long it will wait at least. Record, place and payload are written in this one step, or nothing is.
--
-- KEYS[1]   msg           string  idempotency record of this digest
-- KEYS[2]   backlog       hash    id -> record of an unsettled message
-- KEYS[3]   lines:urgent  zset    who waits
-- KEYS[4]   lines:normal  zset    who waits
-- KEYS[5]   lines:bulk    zset    who waits
-- KEYS[6]   turns:urgent  zset    recipient -> µs
-- KEYS[7]   turns:normal  zset    recipient -> µs
-- KEYS[8]   turns:bulk    zset    recipient -> µs
-- KEYS[9]   held          hash    recipient -> grant
-- KEYS[10]  pace          zset    recipient -> TAT, µs
-- KEYS[11]  flow          string  TAT in µs, slots used
-- KEYS[12]  seq           string  last number drawn for a line
-- KEYS[13]  sender        hash    rules and state
-- KEYS[14]  inflight      zset    id -> lease end, µs
-- KEYS[15]  scheduled     zset    id -> ms
-- KEYS[16]  expiry        zset    id -> ms
-- KEYS[17]  shift         string  drain lease
-- KEYS[18]  recent        zset    this hour's look-up index, lex `term:id`
-- KEYS[19]  opt-outs      hash    recipients that want no marketing
--
-- ARGV[1]   now           µs      '' for Redis's clock
-- ARGV[2]   digest        text    of sender, caller and key
-- ARGV[3]   fingerprint   hex     of the content
-- ARGV[4]   recipient     text    canonical
-- ARGV[5]   lane          1..3    urgent, normal, bulk
-- ARGV[6]   payload       JSON    one line
-- ARGV[7]   inline        0 or 1  1: the caller can send at once
-- ARGV[8]   whenLimited   word    wait or reject
-- ARGV[9]   lifeMs        ms      from now, or from the schedule
-- ARGV[10]  scheduledFor  ms      epoch; '' for now
-- ARGV[11]  windowMs      ms      how long the key is remembered
-- ARGV[12]  holder        text    node and call that a grant belongs to
-- ARGV[13]  runId         text    '' for Redis's own replication id
-- ARGV[14]  leaseMs       ms      life of a grant
-- ARGV[15]  lineCap       count   messages that may wait for one recipient
-- ARGV[16]  backlogCap    count   unsettled messages of the sender
-- ARGV[17]  terms         text    what it can be found by, separated by spaces; '' for nothing
-- ARGV[18]  findS         s       life of the index
-- ARGV[19]  marketing     0 or 1  1: it is marketing, which its recipient may not want
--
-- Returns:
--   {'granted', generation}
--   {'queued', generation, wait µs or -1 (no end known), what binds, position, attention}
--   {'scheduled', generation, wait µs}
--   {'duplicate', generation}   the first one's state is for inspect to tell
--   {'reused', generation}      same key, other content
--   {'refused', code, wait µs or -1}
--   {'unruled'}                 no rules are written for this sender
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
--- @include promise
--- @include gate
--- @include attention
local msg, backlog, seq, sender_key, scheduled, expiry, shift, recent =
  KEYS[1], KEYS[2], KEYS[12], KEYS[13], KEYS[15], KEYS[16], KEYS[17], KEYS[18]
local opt_outs, marketing = KEYS[19], ARGV[19] == '1'
local key = {
  lines = { KEYS[3], KEYS[4], KEYS[5] }, turns = { KEYS[6], KEYS[7], KEYS[8] },
  held = KEYS[9], pace = KEYS[10], flow = KEYS[11], inflight = KEYS[14]
}
local given, digest, fingerprint, recipient, lane = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local payload, inline, when_limited, life, schedule = ARGV[6], ARGV[7] == '1', ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local window, holder, run_id, lease = tonumber(ARGV[11]), ARGV[12], ARGV[13], tonumber(ARGV[14])
local line_cap, backlog_cap, terms, find_s = tonumber(ARGV[15]), tonumber(ARGV[16]), ARGV[17], ARGV[18]

local known = redis.call('GET', msg)
if known then
  local generation, first_fingerprint = string.match(known, '^%a (%x+) (%x+)')
  -- 0: lost before an operator reopened the message; it is no proof of other content.
  return { (first_fingerprint == fingerprint or first_fingerprint == '0') and 'duplicate' or 'reused', generation }
end
local sender = read_sender(sender_key)
if not sender then return { 'unruled' } end
if marketing and redis.call('HEXISTS', opt_outs, recipient) == 1 then return { 'refused', 'RECIPIENT_OPTED_OUT', 0 } end

local now = clock(given)
local now_ms = math.floor(now / 1000)
if schedule and schedule <= now_ms then schedule = nil end
local new_server = restarted(sender, run_id, now)
local seen = gate(key, sender, recipient, lane, now)
local granted = inline and seen.open and not schedule

local wait, bound = 0, 'line'
if schedule then
  wait, bound = (schedule - now_ms) * 1000, 'schedule'
elseif not granted then
  wait, bound = promise(sender, key.turns[lane], now, seen.tat, seen.flow_tat, seen.ahead)
end

if not granted then
  if redis.call('HLEN', backlog) >= backlog_cap then return { 'refused', 'BACKLOG_FULL', wait } end
  if seen.ahead + seen.below >= line_cap then return { 'refused', 'RECIPIENT_LINE_FULL', wait } end
  if when_limited == 'reject' and not schedule then return { 'refused', 'LIMITED', wait } end
  if not schedule and wait >= life * 1000 then return { 'refused', 'EXPIRES_FIRST', wait } end
end

local generation = string.format('%x', now_ms)
local id = digest .. '.' .. generation
local record = {
  recipient = recipient, lane = lane, seq = '0', attempts = 0, stops = 0,
  expires = (schedule or now_ms) + life, keep = now_ms + window, marketing = marketing, body = payload
}
if not schedule then record.seq = string.format('%016d', redis.call('INCR', seq)) end
if new_server then redis.call('HSET', sender_key, 'runId', new_server, 'coolUntil', sender.cool_until) end
redis.call('SET', msg, 'w ' .. generation .. ' ' .. fingerprint)
redis.call('HSET', backlog, id, write_record(record))
if terms ~= '' then
  local added = 0
  for term in string.gmatch(terms, '%S+') do added = added + redis.call('ZADD', recent, 0, term .. ':' .. id) end
  -- Its first entries give it its life.
  if redis.call('ZCARD', recent) == added then redis.call('EXPIRE', recent, find_s) end
end

if granted then
  local lease_end = now + lease * 1000
  redis.call('ZADD', key.pace, advance(seen.tat, now, sender.pair), recipient)
  redis.call('SET', key.flow, int(advance(seen.flow_tat, now, sender.flow)) .. ' ' .. int(seen.slots + 1))
  redis.call('HSET', key.held, recipient, write_grant(id, 1, lease_end, holder, now, seen.tat, now))
  redis.call('ZADD', key.inflight, lease_end, id)
  return { 'granted', generation }
end

redis.call('ZADD', expiry, record.expires, id)
if schedule then
  redis.call('ZADD', scheduled, schedule, id)
  return { 'scheduled', generation, wait }
end
redis.call('ZADD', key.lines[lane], 0, member_of(record, id))
local turn
if not seen.held and (not seen.turn_lane or seen.turn_lane > lane) then
  turn = math.max(now, earliest(seen.tat, sender.pair))
  if seen.turn_lane then redis.call('ZREM', key.turns[seen.turn_lane], recipient) end
  redis.call('ZADD', key.turns[lane], turn, recipient)
end
local who, value = attention(shift, turn, now, seen.closed)
if value then redis.call('SET', shift, unpack(value)) end
return { 'queued', generation, wait, bound, seen.ahead + 1, who }
