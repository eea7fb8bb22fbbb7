#!lua
-- Accepts messages, each once: a duplicate is told so, a free slot is granted, else the message joins its line and learns how long it will
-- wait at least. Record, place and payload of a message are written in this one step, or nothing is. Several messages of a call are
-- looked at in order, each as by a call of its own a µs after the one before.
--
-- KEYS[1]   backlog       hash    id -> record of an unsettled message
-- KEYS[2]   lines:urgent  zset    who waits
-- KEYS[3]   lines:normal  zset    who waits
-- KEYS[4]   lines:bulk    zset    who waits
-- KEYS[5]   turns:urgent  zset    recipient -> µs
-- KEYS[6]   turns:normal  zset    recipient -> µs
-- KEYS[7]   turns:bulk    zset    recipient -> µs
-- KEYS[8]   held          hash    recipient -> grant
-- KEYS[9]   pace          zset    recipient -> TAT, µs
-- KEYS[10]  flow          string  TAT in µs, slots used
-- KEYS[11]  seq           string  last number drawn for a line
-- KEYS[12]  sender        hash    rules and state
-- KEYS[13]  inflight      zset    id -> lease end, µs
-- KEYS[14]  scheduled     zset    id -> ms
-- KEYS[15]  expiry        zset    id -> ms
-- KEYS[16]  shift         string  drain lease
-- KEYS[17]  recent        zset    this hour's look-up index, lex `term:id`
-- KEYS[18]  opt-outs      hash    recipients that want no marketing
-- and of each message:
-- OWN_KEYS[1]  msg        string  idempotency record of its digest
--
-- ARGV[1]   now           µs      '' for Redis's clock
-- ARGV[2]   runId         text    '' for Redis's own replication id
-- ARGV[3]   leaseMs       ms      life of a grant
-- ARGV[4]   lineCap       count   messages that may wait for one recipient
-- ARGV[5]   backlogCap    count   unsettled messages of the sender
-- ARGV[6]   findS         s       life of the index
-- and of each message:
-- OWN_ARGV[1]   digest        text    of sender, caller and key
-- OWN_ARGV[2]   fingerprint   hex     of the content
-- OWN_ARGV[3]   recipient     text    canonical
-- OWN_ARGV[4]   lane          1..3    urgent, normal, bulk
-- OWN_ARGV[5]   payload       JSON    one line
-- OWN_ARGV[6]   inline        0 or 1  1: the caller can send at once
-- OWN_ARGV[7]   whenLimited   word    wait or reject
-- OWN_ARGV[8]   lifeMs        ms      from now, or from the schedule
-- OWN_ARGV[9]   scheduledFor  ms      epoch; '' for now
-- OWN_ARGV[10]  windowMs      ms      how long the key is remembered
-- OWN_ARGV[11]  holder        text    node and call that a grant belongs to
-- OWN_ARGV[12]  terms         text    what it can be found by, separated by spaces; '' for nothing
-- OWN_ARGV[13]  marketing     0 or 1  1: it is marketing, which its recipient may not want
--
-- Returns: of each message
--   {'granted', generation}
--   {'queued', generation, wait µs or -1 (no end known), what binds, position, attention}
--   {'scheduled', generation, wait µs}
--   {'duplicate', generation}   the first one's state is for inspect to tell
--   {'reused', generation}      same key, other content
--   {'refused', code, wait µs or -1}
--   {'unruled'}                 no rules are written for this sender
--   {'fault', text}             of the script itself
--- @include each
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
--- @include promise
--- @include gate
--- @include weigh
--- @include attention
local key = {
  lines = { KEYS[2], KEYS[3], KEYS[4] }, turns = { KEYS[5], KEYS[6], KEYS[7] },
  held = KEYS[8], pace = KEYS[9], flow = KEYS[10], inflight = KEYS[13], opt_outs = KEYS[18]
}
local backlog, seq, sender_key, scheduled, expiry, shift, recent = KEYS[1], KEYS[11], KEYS[12], KEYS[14], KEYS[15], KEYS[16], KEYS[17]
local given, run_id, lease = ARGV[1], ARGV[2], tonumber(ARGV[3]) * 1000
local line_cap, backlog_cap, find_s = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local asked = {}
for m = 1, (#ARGV - SHARED_ARGV) / EACH_ARGV do
  local OWN_KEYS, OWN_ARGV = part(KEYS, SHARED_KEYS, EACH_KEYS, m), part(ARGV, SHARED_ARGV, EACH_ARGV, m)
  asked[m] = {
    msg = OWN_KEYS[1], digest = OWN_ARGV[1], fingerprint = OWN_ARGV[2], recipient = OWN_ARGV[3], lane = tonumber(OWN_ARGV[4]), payload = OWN_ARGV[5],
    inline = OWN_ARGV[6] == '1', rejects = OWN_ARGV[7] == 'reject', life = tonumber(OWN_ARGV[8]), schedule = tonumber(OWN_ARGV[9]),
    window = tonumber(OWN_ARGV[10]), holder = OWN_ARGV[11], terms = OWN_ARGV[12], marketing = OWN_ARGV[13] == '1'
  }
end

local sender = read_sender(sender_key)
local now = clock(given)
local now_ms, generation = math.floor(now / 1000), string.format('%x', math.floor(now / 1000))
local new_server = sender and restarted(sender, run_id, now)
local look = look_at(key, field_of(asked, 'recipient'))
local unsettled = redis.call('HLEN', backlog)
local known = read_all(asked, 'msg', 'MGET')
local out = { msg = {}, backlog = {}, recent = {}, pace = {}, held = {}, inflight = {}, expiry = {}, scheduled = {}, lines = { {}, {}, {} } }
local draw, first_turn_made, first_told = numbers(seq, #asked), math.huge, nil

-- A µs apart, so that turns keep the order of the messages and each promise counts those before it.
local function admit(m)
  local message, now = asked[m], now + m - 1
  local recipient, lane = message.recipient, message.lane
  if known[message.msg] then return repeat_of(known[message.msg], message.fingerprint) end
  if not sender then return { 'unruled' } end
  local seen = weigh(look, sender, message, now, unsettled, line_cap, backlog_cap)
  if seen.refused then return { 'refused', seen.refused, seen.wait } end

  local id, record = message.digest .. '.' .. generation, new_record(message, seen, now_ms, seen.schedule and 0 or draw())
  local text, grant, turn = write_record(record), nil, nil
  if seen.granted then
    grant = take(look, sender, recipient, id, 1, now + lease, message.holder, now)
  elseif not seen.schedule then
    turn = join(look, sender, recipient, lane, now)
  end
  -- From here on nothing can fail.
  unsettled = unsettled + 1
  known[message.msg] = 'w ' .. generation .. ' ' .. message.fingerprint
  push(out.msg, message.msg, known[message.msg])
  push(out.backlog, id, text)
  for term in string.gmatch(message.terms, '%S+') do push(out.recent, 0, term .. ':' .. id) end
  if grant then
    push(out.held, recipient, grant)
    push(out.pace, seen.pair.tat, recipient)
    push(out.inflight, now + lease, id)
    return { 'granted', generation }
  end
  push(out.expiry, record.expires, id)
  if seen.schedule then
    push(out.scheduled, seen.schedule, id)
    return { 'scheduled', generation, seen.wait }
  end
  push(out.lines[lane], 0, member_of(record, id))
  local told = { 'queued', generation, seen.wait, seen.bound, seen.ahead + 1, '' }
  if turn and turn < first_turn_made then first_turn_made, first_told = turn, told end
  return told
end
local answers = answer_each(#asked, admit)

if #out.msg == 0 then return answers end
if new_server then redis.call('HSET', sender_key, 'runId', new_server, 'coolUntil', sender.cool_until) end
redis.call('MSET', unpack(out.msg))
write_all('HSET', backlog, out.backlog)
local added = write_all('ZADD', recent, out.recent)
-- Its first entries give it its life.
if added and added == redis.call('ZCARD', recent) then redis.call('EXPIRE', recent, find_s) end
write_all('ZADD', key.pace, out.pace)
write_all('HSET', key.held, out.held)
write_all('ZADD', key.inflight, out.inflight)
if #out.held > 0 then redis.call('SET', key.flow, int(look.flow_tat) .. ' ' .. int(look.slots)) end
write_all('ZADD', expiry, out.expiry)
write_all('ZADD', scheduled, out.scheduled)
for lane = 1, LANES do write_all('ZADD', key.lines[lane], out.lines[lane]) end
call_attention(shift, first_turn_made, now, closed(sender, now), first_told, 6)
return answers
