#!lua flags=allow-oom
-- Writes what grants came to, each once: sent, failed, a retry later, an unknown outcome to be held, or back to its place in line (a give-back
-- or a limit, which uses up no attempt). Frees the pair and gives it its next turn. Also decides an unknown outcome whose hold is over. A stale
-- token changes nothing. Several grants of a call are settled in order, each as by a call of its own at the same moment.
--
-- KEYS[1]   backlog          hash    id -> record of an unsettled message
-- KEYS[2]   lines:urgent     zset    who waits
-- KEYS[3]   lines:normal     zset    who waits
-- KEYS[4]   lines:bulk       zset    who waits
-- KEYS[5]   turns:urgent     zset    recipient -> µs
-- KEYS[6]   turns:normal     zset    recipient -> µs
-- KEYS[7]   turns:bulk       zset    recipient -> µs
-- KEYS[8]   held             hash    recipient -> grant
-- KEYS[9]   pace             zset    recipient -> TAT, µs
-- KEYS[10]  flow             string  TAT in µs, slots used
-- KEYS[11]  sender           hash    rules and state
-- KEYS[12]  inflight         zset    id -> lease end, µs
-- KEYS[13]  unknown          zset    id -> hold end, ms
-- KEYS[14]  failures         zset    id -> nextRetryAt, ms
-- KEYS[15]  resolved         zset    id -> ms
-- KEYS[16]  failed           zset    id -> ms
-- KEYS[17]  failure-records  hash    id -> record with its story
-- KEYS[18]  expiry           zset    id -> ms
-- KEYS[19]  completed        zset    ten minutes -> messages sent in them
-- KEYS[20]  shift            string  drain lease
-- KEYS[21]  recent           zset    this hour's look-up index, lex `term:id`
-- KEYS[22]  unacknowledged   zset    id of a FAILED failure -> reason and ms
-- KEYS[23]  unconfirmed      zset    id of a sent message -> ms until which its record is kept
-- KEYS[24]  outbox           list    changes that somebody is to be told of
-- KEYS[25]  opt-outs         hash    recipient that wants no marketing -> since when, and why
-- and of each grant:
-- OWN_KEYS[1]  msg           string  idempotency record of its digest
-- OWN_KEYS[2]  starts        string  the watch's run of starts of its pair
--
-- ARGV[1]   now    µs  '' for Redis's clock
-- ARGV[2]   findS  s   life of the index
-- and of each grant:
-- OWN_ARGV[1]   id         text    of the message
-- OWN_ARGV[2]   recipient  text    canonical
-- OWN_ARGV[3]   attempt    count   token: which attempt this settles
-- OWN_ARGV[4]   holder     text    token: whose grant; '' for an unknown outcome whose hold is over
-- OWN_ARGV[5]   verdict    word    sent, failed, retry, unknown, wait, or stop: failed if it stopped an open sender before, else wait
-- OWN_ARGV[6]   startedUs  µs      from the asking for the grant to the start; '' if it never started
-- OWN_ARGV[7]   afterMs    ms      retry: until the next attempt; unknown: how long to hold
-- OWN_ARGV[8]   bucket     word    what cools down: pair, flow, sender (stops it), marketing (the recipient wants none) or ''
-- OWN_ARGV[9]   coolMs     ms      for how long; for a sender, until the next try and from try to try
-- OWN_ARGV[10]  code       text    why the sender stops, or the recipient is opted out
-- OWN_ARGV[11]  tail       text    caller, provider message id, metadata: end of the compact result
-- OWN_ARGV[12]  history      JSON    what happened, one line; '' for nothing to tell
-- OWN_ARGV[13]  term       text    what a sent message can be found by from now on; '' for nothing
-- OWN_ARGV[14]  reason     word    why it failed: rejected, exhausted or unknown; '' where it may not
-- OWN_ARGV[15]  keepMs     ms      that a sent message's record is kept for a receipt that says otherwise; 0 for not at all
--
-- Returns: of each grant
--   {'settled', moment of the next retry or hold end in ms, or 0, attention, sender reopened 0 or 1, stopped 0 or 1, verdict}
--     and µs since an earlier start, µs that it had to be: this one started too early, by the watch's own account
--   {'stale'}        the grant is not, or no longer, this one
--   {'fault', text}  of the script itself, or of what is kept of this message
--- @include each
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
--- @include attention
--- @include unseen
--- @include watch
--- @include outcome
local key = {
  backlog = KEYS[1], lines = { KEYS[2], KEYS[3], KEYS[4] }, flow = KEYS[10], sender = KEYS[11], unknown = KEYS[13], failures = KEYS[14],
  resolved = KEYS[15], failed = KEYS[16], records = KEYS[17], expiry = KEYS[18], unacknowledged = KEYS[22], unconfirmed = KEYS[23],
  outbox = KEYS[24], opt_outs = KEYS[25]
}
local turns, held, pace, inflight, completed, shift, recent = { KEYS[5], KEYS[6], KEYS[7] }, KEYS[8], KEYS[9], KEYS[12], KEYS[19], KEYS[20], KEYS[21]
local given, find_s = ARGV[1], ARGV[2]
local told = {}
for m = 1, (#ARGV - SHARED_ARGV) / EACH_ARGV do
  local OWN_KEYS, OWN_ARGV = part(KEYS, SHARED_KEYS, EACH_KEYS, m), part(ARGV, SHARED_ARGV, EACH_ARGV, m)
  told[m] = {
    msg = OWN_KEYS[1], starts = OWN_KEYS[2], id = OWN_ARGV[1], recipient = OWN_ARGV[2], attempt = tonumber(OWN_ARGV[3]), holder = OWN_ARGV[4], verdict = OWN_ARGV[5],
    started = tonumber(OWN_ARGV[6]), after = tonumber(OWN_ARGV[7]), bucket = OWN_ARGV[8], cool = tonumber(OWN_ARGV[9]) * 1000, code = OWN_ARGV[10],
    tail = OWN_ARGV[11], story = OWN_ARGV[12], term = OWN_ARGV[13], reason = OWN_ARGV[14], keep = tonumber(OWN_ARGV[15]) or 0
  }
end

local now = clock(given)
local book = { key = key, sender = read_sender(key.sender), now = now, now_ms = math.floor(now / 1000), in_line = {}, sent = 0,
  out = { backlog = {}, expiry = {}, recent = {}, pace = {}, held = {}, inflight = {}, turns = { {}, {}, {} } } }
-- What the grants are about is read at once; whoever changes it for one changes it here as well.
book.texts, book.tats = read_all(told, 'id', 'HMGET', key.backlog), read_all(told, 'recipient', 'ZMSCORE', pace)
book.results = read_all(told, 'msg', 'MGET')
local grants, runs = read_all(told, 'recipient', 'HMGET', held), read_all(told, 'starts', 'MGET')
for lane = 1, LANES do book.in_line[lane] = (#told == 1 or redis.call('EXISTS', key.lines[lane]) == 1) and key.lines[lane] end
local out, first_turn_made, first_told = book.out, math.huge, nil

local function settle(m)
  local grant = told[m]
  local id, recipient, verdict, text, sender = grant.id, grant.recipient, grant.verdict, book.texts[grant.id], book.sender
  local lease = grant.holder ~= '' and read_grant(grants[recipient])
  if not text or not sender then return { 'stale' } end
  local record = read_record(text)
  local ours = lease and lease.id == id and lease.attempt == grant.attempt and lease.holder == grant.holder
  if grant.holder == '' then ours = record.attempts == grant.attempt and redis.call('ZSCORE', key.unknown, id) end
  if not ours then return { 'stale' } end

  -- Only who stops an open sender can be at fault: a try of a stopped one, or what was in flight at the stop, proves nothing.
  local stopped, was_stopped = grant.bucket == 'sender' and not closed(sender, now), sender.status == 'stopped'
  if verdict == 'stop' then verdict = stopped and record.stops > 0 and 'failed' or 'wait' end
  if lease and verdict ~= 'wait' then record.attempts = grant.attempt end
  if grant.bucket == 'pair' then record.pair_hits = record.pair_hits + 1 elseif verdict ~= 'wait' then record.pair_hits = 0 end
  if stopped then record.stops = record.stops + 1 end
  if grant.story ~= '' and verdict ~= 'wait' then record.body = record.body .. '\n' .. int(book.now_ms) .. ' ' .. grant.story end
  if not lease then redis.call('ZREM', key.unknown, id) end

  local due = 0
  if verdict == 'sent' or verdict == 'failed' then finish(book, grant, record, verdict) else due = go_on(book, grant, record, verdict) end
  local tat = cool(book, grant, lease)
  local answer = { 'settled', due, '', stop_or_open(book, grant, lease, verdict) and 1 or 0, stopped and 1 or 0, verdict }
  if not lease then return answer end

  local run, life, early = watch(runs[grant.starts], sender, grant.started and lease.granted_at + grant.started)
  if run then redis.call('SET', grant.starts, run, 'PX', life) end
  answer[7], answer[8] = early[1], early[2]

  -- The pair is free again: its foremost message gets the turn. One that was given back keeps its place; one that was tried
  -- in vain on a stopped sender lets another be tried next.
  grants[recipient] = false
  push(out.held, recipient)
  push(out.inflight, id)
  local lane, turn, member = next_turn(book.in_line, recipient, tat, sender.pair, now)
  if not lane then return answer end
  local keeps = verdict == 'wait' and member == member_of(record, id) and not (was_stopped and grant.bucket == 'sender')
  if keeps then turn = math.max(lease.turn, earliest(tat, sender.pair)) end
  push(out.turns[lane], turn, recipient)
  if turn < first_turn_made then first_turn_made, first_told = turn, answer end
  return answer
end
local answers = answer_each(#told, settle)

write_all('HDEL', key.backlog, out.backlog)
write_all('ZREM', key.expiry, out.expiry)
local added = write_all('ZADD', recent, out.recent)
if added and added == redis.call('ZCARD', recent) then redis.call('EXPIRE', recent, find_s) end
if book.sent > 0 then redis.call('ZINCRBY', completed, book.sent, int(math.floor(book.now_ms / 600000))) end
write_all('ZADD', pace, out.pace)
write_all('HDEL', held, out.held)
write_all('ZREM', inflight, out.inflight)
for lane = 1, LANES do write_all('ZADD', turns[lane], out.turns[lane]) end
call_attention(shift, first_turn_made, now, book.sender and closed(book.sender, now), first_told, 3)
return answers
