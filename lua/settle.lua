#!lua flags=allow-oom
-- Writes what a grant came to, once: sent, failed, a retry later, an unknown outcome to be held, or back to its place in
-- line (a give-back or a limit, which uses up no attempt). Frees the pair and gives it its next turn. Also decides an
-- unknown outcome whose hold is over. A stale token changes nothing.
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
-- KEYS[12]  sender           hash    rules and state
-- KEYS[13]  inflight         zset    id -> lease end, µs
-- KEYS[14]  unknown          zset    id -> hold end, ms
-- KEYS[15]  failures         zset    id -> nextRetryAt, ms
-- KEYS[16]  resolved         zset    id -> ms
-- KEYS[17]  failed           zset    id -> ms
-- KEYS[18]  failure-records  hash    id -> record with its story
-- KEYS[19]  expiry           zset    id -> ms
-- KEYS[20]  completed        zset    ten minutes -> messages sent in them
-- KEYS[21]  shift            string  drain lease
-- KEYS[22]  recent           zset    this hour's look-up index, lex `term:id`
-- KEYS[23]  starts           string  the watch's run of starts of this pair
-- KEYS[24]  unacknowledged   zset    id of a FAILED failure -> reason and ms
-- KEYS[25]  unconfirmed      zset    id of a sent message -> ms until which its record is kept
-- KEYS[26]  outbox           list    changes that somebody is to be told of
-- KEYS[27]  opt-outs         hash    recipient that wants no marketing -> since when, and why
--
-- ARGV[1]   now        µs      '' for Redis's clock
-- ARGV[2]   id         text    of the message
-- ARGV[3]   recipient  text    canonical
-- ARGV[4]   attempt    count   token: which attempt this settles
-- ARGV[5]   holder     text    token: whose grant; '' for an unknown outcome whose hold is over
-- ARGV[6]   verdict    word    sent, failed, retry, unknown, wait, or stop: failed if it stopped an open sender before, else wait
-- ARGV[7]   startedUs  µs      from the asking for the grant to the start; '' if it never started
-- ARGV[8]   afterMs    ms      retry: until the next attempt; unknown: how long to hold
-- ARGV[9]   bucket     word    what cools down: pair, flow, sender (stops it), marketing (the recipient wants none) or ''
-- ARGV[10]  coolMs     ms      for how long; for a sender, until the next try and from try to try
-- ARGV[11]  code       text    why the sender stops, or the recipient is opted out
-- ARGV[12]  tail       text    caller, provider message id, metadata: end of the compact result
-- ARGV[13]  story      JSON    what happened, one line; '' for nothing to tell
-- ARGV[14]  term       text    what a sent message can be found by from now on; '' for nothing
-- ARGV[15]  findS      s       life of the index
-- ARGV[16]  reason     word    why it failed: rejected, exhausted or unknown; '' where it may not
-- ARGV[17]  keepMs     ms      that a sent message's record is kept for a receipt that says otherwise; 0 for not at all
--
-- Returns:
--   {'settled', moment of the next retry or hold end in ms, or 0, attention, sender reopened 0 or 1, stopped 0 or 1, verdict}
--     and µs since an earlier start, µs that it had to be: this one started too early, by the watch's own account
--   {'stale'}   the grant is not, or no longer, this one
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
--- @include attention
--- @include unseen
--- @include watch
local msg, backlog, lines, turns = KEYS[1], KEYS[2], { KEYS[3], KEYS[4], KEYS[5] }, { KEYS[6], KEYS[7], KEYS[8] }
local held, pace, flow, sender_key, inflight, unknown = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local failures, resolved, failed, records, expiry = KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19]
local completed, shift, recent, starts, unacknowledged, unconfirmed, outbox, opt_outs = KEYS[20], KEYS[21], KEYS[22], KEYS[23], KEYS[24], KEYS[25], KEYS[26], KEYS[27]
local given, id, recipient, attempt, holder, verdict = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local started, after, bucket, cool = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10]) * 1000
local code, tail, story, term, find_s, reason, keep = ARGV[11], ARGV[12], ARGV[13], ARGV[14], ARGV[15], ARGV[16], tonumber(ARGV[17]) or 0

local grant = holder ~= '' and read_grant(redis.call('HGET', held, recipient))
local text = redis.call('HGET', backlog, id)
local sender = read_sender(sender_key)
if not text or not sender then return { 'stale' } end
local record = read_record(text)
local ours = grant and grant.id == id and grant.attempt == attempt and grant.holder == holder
if holder == '' then ours = record.attempts == attempt and redis.call('ZSCORE', unknown, id) end
if not ours then return { 'stale' } end

local now = clock(given)
local now_ms = math.floor(now / 1000)
-- Only who stops an open sender can be at fault: a try of a stopped one, or what was in flight at the stop, proves nothing.
local stopped, was_stopped = bucket == 'sender' and not closed(sender, now), sender.status == 'stopped'
if verdict == 'stop' then verdict = stopped and record.stops > 0 and 'failed' or 'wait' end
if grant and verdict ~= 'wait' then record.attempts = attempt end
if bucket == 'pair' then record.pair_hits = record.pair_hits + 1 elseif verdict ~= 'wait' then record.pair_hits = 0 end
if stopped then record.stops = record.stops + 1 end
if story ~= '' and verdict ~= 'wait' then record.body = record.body .. '\n' .. int(now_ms) .. ' ' .. story end
if not grant then redis.call('ZREM', unknown, id) end

local due = 0
if verdict == 'sent' or verdict == 'failed' then
  local result, life = write_result(verdict == 'sent' and 's' or 'f', id, redis.call('GET', msg), now, record, tail)
  if life then redis.call('SET', msg, result, 'PX', life) end
  if sender.tells then redis.call('RPUSH', outbox, outbox_item(id, now_ms, result, story)) end
  redis.call('HDEL', backlog, id)
  redis.call('ZREM', expiry, id)
  local was_failure, unsure = verdict == 'failed' or record.attempts > 1, verdict == 'sent' and keep > 0
  if was_failure or unsure then redis.call('HSET', records, id, write_record(record)) end
  if was_failure then redis.call('ZADD', verdict == 'sent' and resolved or failed, now_ms, id) end
  if unsure then redis.call('ZADD', unconfirmed, now_ms + keep, id) end
  if verdict == 'failed' then redis.call('ZADD', unacknowledged, unseen_score(reason, now_ms), id) end
  if term ~= '' and redis.call('ZADD', recent, 0, term .. ':' .. id) == redis.call('ZCARD', recent) then redis.call('EXPIRE', recent, find_s) end
  if verdict == 'sent' then redis.call('ZINCRBY', completed, 1, int(math.floor(now_ms / 600000))) end
else
  if verdict == 'wait' then redis.call('ZADD', lines[record.lane], 0, member_of(record, id)) else due = now_ms + after end
  if verdict ~= 'wait' then redis.call('ZADD', verdict == 'retry' and failures or unknown, due, id) end
  redis.call('HSET', backlog, id, write_record(record))
  redis.call('ZADD', expiry, record.expires, id)
end

-- Buckets: a slot granted is not refunded, and a TAT only ever rises.
local until_us, tat = now + cool, tonumber(redis.call('ZSCORE', pace, recipient) or 0)
if grant and started then tat = math.max(tat, advance(grant.tat_before, grant.granted_at + started, sender.pair)) end
if bucket == 'pair' then tat = cooled(tat, until_us, sender.pair) end
if tat > 0 then redis.call('ZADD', pace, tat, recipient) end
if bucket == 'flow' then
  local flow_tat, slots = string.match(redis.call('GET', flow) or '0 0', '^(%d+) (%d+)$')
  redis.call('SET', flow, int(cooled(tonumber(flow_tat), until_us, sender.flow)) .. ' ' .. slots)
end
if bucket == 'marketing' then redis.call('HSETNX', opt_outs, recipient, opted_out(now_ms, code)) end
local reopened, newly = 0, stopped and 1 or 0
-- An operator's pause stands: a stop in its place would try again, and open, by itself.
if bucket == 'sender' and closed(sender, now) ~= 'pause' then
  redis.call('HSET', sender_key, 'status', 'stopped', 'why', code, 'until', until_us, 'since', now, 'tryEvery', cool)
  sender.status, sender.reopens = 'stopped', until_us
elseif verdict == 'sent' and sender.status == 'stopped' and
  (not grant or grant.granted_at > tonumber(redis.call('HGET', sender_key, 'since') or 0)) then
  -- Only a try after the stop proves anything; what was already in flight does not.
  redis.call('HDEL', sender_key, 'status', 'why', 'until', 'since', 'tryEvery')
  sender.status, reopened = 'open', 1
end
if not grant then return { 'settled', due, '', reopened, newly, verdict } end

local run, life, early = watch(redis.call('GET', starts), sender, started and grant.granted_at + started)
if run then redis.call('SET', starts, run, 'PX', life) end

-- The pair is free again: its foremost message gets the turn. One that was given back keeps its place; one that was tried
-- in vain on a stopped sender lets another be tried next.
redis.call('HDEL', held, recipient)
redis.call('ZREM', inflight, id)
local lane, turn, member = next_turn(lines, recipient, tat, sender.pair, now)
local keeps = verdict == 'wait' and member == member_of(record, id) and not (was_stopped and bucket == 'sender')
if lane and keeps then turn = math.max(grant.turn, earliest(tat, sender.pair)) end
if lane then redis.call('ZADD', turns[lane], turn, recipient) end
local who, value = attention(shift, turn, now, closed(sender, now))
if value then redis.call('SET', shift, unpack(value)) end
return { 'settled', due, who, reopened, newly, verdict, unpack(early) }
