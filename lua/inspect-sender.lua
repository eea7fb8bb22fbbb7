#!lua flags=allow-oom
-- Counts what a sender has: in line, in flight, waiting for a retry or a schedule, settled; its state and rules. Costs
-- the same whatever number waits.
--
-- KEYS[1]   backlog          hash    id -> record of an unsettled message
-- KEYS[2]   lines:urgent     zset    who waits
-- KEYS[3]   lines:normal     zset    who waits
-- KEYS[4]   lines:bulk       zset    who waits
-- KEYS[5]   turns:urgent     zset    recipient -> µs
-- KEYS[6]   turns:normal     zset    recipient -> µs
-- KEYS[7]   turns:bulk       zset    recipient -> µs
-- KEYS[8]   pace             zset    recipient -> TAT, µs
-- KEYS[9]   sender           hash    rules and state
-- KEYS[10]  inflight         zset    id -> lease end, µs
-- KEYS[11]  scheduled        zset    id -> ms
-- KEYS[12]  unknown          zset    id -> hold end, ms
-- KEYS[13]  failures         zset    id -> nextRetryAt, ms
-- KEYS[14]  resolved         zset    id -> ms
-- KEYS[15]  failed           zset    id -> ms
-- KEYS[16]  completed        zset    ten minutes -> messages sent in them
-- KEYS[17]  shift            string  drain lease
-- KEYS[18]  flow             string  TAT in µs, slots used
-- KEYS[19]  unacknowledged   zset    id of a FAILED failure -> reason and ms
-- KEYS[20]  outbox           list    changes that somebody is to be told of
-- KEYS[21]  callbacks-since  zset    subject -> ms of its first event
--
-- ARGV[1]   now    µs      '' for Redis's clock
-- ARGV[2]   limit  count   due turns looked at one by one; the lines behind further ones are estimated from these
--
-- Returns:
--   {'sender', now ms, state, reopens ms or 0, why, in line, due, in flight, scheduled, unknown, failures, resolved, failed,
--     sent in 24 h, active rate limits, unsettled, oldest due turn µs or 0, attended 0 or 1,
--     pair interval µs, pair burst, messages a second, max in flight, version of the rules,
--     µs since when turns are due that no shift attends, or 0,
--     FAILED in the last 24 h and not acknowledged: rejected, exhausted, expired, unknown,
--     messages and the like with something to be told, ms since when the first of it waits, or 0}
--   {'unruled'}
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include unseen
local backlog, lines, turns = KEYS[1], { KEYS[2], KEYS[3], KEYS[4] }, { KEYS[5], KEYS[6], KEYS[7] }
local pace, sender_key, inflight, scheduled, unknown = KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local failures, resolved, failed, completed, shift = KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17]
local flow, unacknowledged, outbox, untold = KEYS[18], KEYS[19], KEYS[20], KEYS[21]
local given, limit = ARGV[1], tonumber(ARGV[2])

local sender = read_sender(sender_key)
if not sender then return { 'unruled' } end
local now = clock(given)
local shut, reopens = closed(sender, now)
local in_line, due, oldest = 0, 0, math.huge
-- Most senders use one lane: who asks a thousand recipients leaves empty ones out.
local filled = {}
for lane = 1, LANES do
  if redis.call('EXISTS', lines[lane]) == 1 then filled[#filled + 1] = lines[lane] end
end
for lane = 1, LANES do
  in_line = in_line + redis.call('ZCARD', lines[lane])
  local heads = redis.call('ZCOUNT', turns[lane], '-inf', now)
  -- Behind a due head those count whose moment has passed too: one for each interval that the pair is late.
  local looked, counted = redis.call('ZRANGEBYSCORE', turns[lane], '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit), 0
  for i = 1, #looked, 2 do
    local late = now - tonumber(looked[i + 1])
    oldest = math.min(oldest, tonumber(looked[i + 1]))
    counted = counted + math.min(waiting(filled, looked[i], 1, #filled), sender.pair.burst + math.floor(late / sender.pair.interval))
  end
  if #looked > 0 then due = due + math.ceil(counted * heads / (#looked / 2)) end
end
local sent, since = 0, math.floor(now / 600000000) - 24 * 6
local spans = redis.call('ZRANGE', completed, 0, -1, 'WITHSCORES')
for i = 1, #spans, 2 do
  if tonumber(spans[i]) > since then sent = sent + tonumber(spans[i + 1]) end
end

-- Who is 'called' is not there yet. The flow's TAT tells until when somebody was: no grant can be later.
local unattended = 0
local first = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
first = math.min(oldest, first[1] and tonumber(first[2]) * 1000 or math.huge)
if first <= now and not shut and (redis.call('GET', shift) or 'called') == 'called' then
  local last = tonumber(string.match(redis.call('GET', flow) or '0', '^%d+'))
  local since = math.max(first, last, sender.reopens or 0, sender.cool_until)
  if since < now then unattended = since end
end

local now_ms = math.floor(now / 1000)
local function unseen(reason)
  return redis.call('ZCOUNT', unacknowledged, unseen_score(reason, now_ms - 24 * 3600000), unseen_score(reason, 9999999999999))
end
local waits_since = redis.call('ZRANGE', untold, 0, 0, 'WITHSCORES')[2]
  or string.match(redis.call('LINDEX', outbox, 0) or '', '^%S+ (%d+)')
local facts = redis.call('HMGET', sender_key, 'reason', 'version', 'perSecond')
return {
  'sender', now_ms, shut == 'sender-stopped' and 'stopped' or shut == 'pause' and 'paused' or 'active',
  shut and reopens and math.floor(reopens / 1000) or 0, facts[1] or '',
  in_line, math.min(due, in_line), redis.call('ZCARD', inflight), redis.call('ZCARD', scheduled), redis.call('ZCARD', unknown),
  redis.call('ZCARD', failures), redis.call('ZCARD', resolved), redis.call('ZCARD', failed), sent,
  redis.call('ZCOUNT', pace, '(' .. int(now), '+inf'), redis.call('HLEN', backlog), oldest < math.huge and oldest or 0,
  redis.call('EXISTS', shift), sender.pair.interval, sender.pair.burst, tonumber(facts[3] or 0),
  sender.places, tonumber(facts[2] or 0), unattended,
  unseen('rejected'), unseen('exhausted'), unseen('expired'), unseen('unknown'),
  redis.call('ZCARD', untold) + redis.call('LLEN', outbox), tonumber(waits_since or 0)
}
