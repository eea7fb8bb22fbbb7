#!lua flags=allow-oom
-- One look of a shift at its sender: takes or renews the drain lease, lets due scheduled messages join their lines, grants
-- up to `want` heads whose turn has come, lanes in order, and says when to look next. Or ends the shift.
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
-- KEYS[15]  shift         string  drain lease: holder and announced wake in µs, or 'called'
-- KEYS[16]  opt-outs      hash    recipients that want no marketing
--
-- ARGV[1]   now           µs      '' for Redis's clock
-- ARGV[2]   shift         text    this shift's name
-- ARGV[3]   want          count   grants wanted; 0 to look only
-- ARGV[4]   mode          word    keep, or end: hand the lease over, or drop it where no turn is near
-- ARGV[5]   holder        text    node and call that the grants belong to
-- ARGV[6]   runId         text    '' for Redis's own replication id
-- ARGV[7]   leaseMs       ms      life of a grant
--
-- Returns:
--   {'attended'}   another shift has the lease
--   {'unruled'}    no rules are written for this sender
--   {'claimed', now µs, next look µs or -1, dropped heads, {expired id, ...}, {grant, ...}, {id of unwanted marketing, ...}}
--     a grant is id, recipient, attempt, stops, lane, lateness µs, body of the record, limits of its pair in a row
--   {'ended', attention}
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
--- @include pick
local backlog, held, pace, flow, seq = KEYS[1], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local lines, turns = { KEYS[2], KEYS[3], KEYS[4] }, { KEYS[5], KEYS[6], KEYS[7] }
local sender_key, inflight, scheduled, shift_key, opt_outs = KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local given, shift, want, mode, holder, run_id = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local lease = tonumber(ARGV[7]) * 1000

local owner = string.match(redis.call('GET', shift_key) or 'called', '^%S+')
if owner ~= 'called' and owner ~= shift then return { 'attended' } end
local sender = read_sender(sender_key)
if not sender then return { 'unruled' } end
local now = clock(given)
local new_server = restarted(sender, run_id, now)
if new_server then redis.call('HSET', sender_key, 'runId', new_server, 'coolUntil', sender.cool_until) end

-- A turn belongs where the truth (lines, pace, held) says; whoever finds it elsewhere puts it there.
local function put_turn(recipient, since)
  for lane = 1, LANES do redis.call('ZREM', turns[lane], recipient) end
  if redis.call('HEXISTS', held, recipient) == 1 then return end
  local tat = tonumber(redis.call('ZSCORE', pace, recipient) or 0)
  local lane, score = next_turn(lines, recipient, tat, sender.pair, since)
  if lane then redis.call('ZADD', turns[lane], score, recipient) end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', scheduled, '-inf', math.floor(now / 1000), 'LIMIT', 0, 100)) do
  local text = redis.call('HGET', backlog, id)
  redis.call('ZREM', scheduled, id)
  if text then
    local record = read_record(text)
    record.seq = numbers(seq, 1)()
    redis.call('HSET', backlog, id, write_record(record))
    redis.call('ZADD', lines[record.lane], 0, member_of(record, id))
    local lane = turn_of(turns, record.recipient)
    if not lane or lane > record.lane then put_turn(record.recipient, now) end
  end
end

local shut, reopens = closed(sender, now)
local probing = shut == 'sender-stopped' and reopens and reopens <= now
local probe = probing and tonumber(redis.call('HGET', sender_key, 'tryEvery') or 60000000)
local places = sender.places - redis.call('ZCARD', inflight)
want = math.min(want, places, probing and 1 or math.huge)
if (shut and not probing) or sender.cool_until > now or mode == 'end' then want = 0 end

local found = pick({ flow = flow, lines = lines, turns = turns, held = held, pace = pace, backlog = backlog, opt_outs = opt_outs }, sender, want, now)
local out = { lines = { {}, {}, {} }, turns = { {}, {}, {} }, pace = {}, held = {}, inflight = {} }
local lease_end = int(now + lease)
for n, grant in ipairs(found.granted) do
  table.insert(out.lines[grant.lane], grant.member)
  table.insert(out.turns[grant.lane], grant.recipient)
  out.pace[2 * n - 1], out.pace[2 * n] = int(advance(grant.tat, now, sender.pair)), grant.recipient
  out.held[2 * n - 1], out.held[2 * n] = grant.recipient, write_grant(grant.id, grant.attempt, lease_end, holder, now, grant.tat, grant.turn)
  out.inflight[2 * n - 1], out.inflight[2 * n] = lease_end, grant.id
end
for lane = 1, LANES do
  if #out.lines[lane] > 0 then
    redis.call('ZREM', lines[lane], unpack(out.lines[lane]))
    redis.call('ZREM', turns[lane], unpack(out.turns[lane]))
  end
end
if #found.granted > 0 then
  redis.call('ZADD', pace, unpack(out.pace))
  redis.call('HSET', held, unpack(out.held))
  redis.call('ZADD', inflight, unpack(out.inflight))
  redis.call('SET', flow, int(found.flow_tat) .. ' ' .. int(found.slots))
  if probing then redis.call('HSET', sender_key, 'until', now + probe) end
end
for _, lost in ipairs(found.lost) do
  redis.call('ZREM', lines[lost[1]], lost[2])
  put_turn(lost[3], now)
end
for _, stale in ipairs(found.wrong) do put_turn(stale[1], stale[2]) end

-- When to look next: the first turn, once flow, cool-down and pause let it through; or the first scheduled message.
local first = math.huge
for lane = 1, LANES do
  local turn = redis.call('ZRANGE', turns[lane], 0, 0, 'WITHSCORES')
  if turn[1] then first = math.min(first, tonumber(turn[2])) end
end
if first < math.huge then
  first = math.max(first, earliest(found.flow_tat, sender.flow), sender.cool_until)
  if shut then first = math.max(first, probing and #found.granted > 0 and now + probe or reopens or math.huge) end
  -- With no free place a settlement wakes the shift; this is only the fallback.
  if places - #found.granted <= 0 then first = math.max(first, now + 100000) end
end
local soonest = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
if soonest[1] then first = math.min(first, tonumber(soonest[2]) * 1000) end

if mode == 'end' then
  if first > now + 5000000 then
    redis.call('DEL', shift_key)
    return { 'ended', '' }
  end
  redis.call('SET', shift_key, 'called', 'PX', 2000)
  return { 'ended', 'call' }
end
redis.call('SET', shift_key, shift .. ' ' .. int(math.min(first, now + 500000)), 'PX', 3000)
return { 'claimed', now, first < math.huge and math.ceil(first) or -1, #found.lost, found.expired, found.told, found.unwanted }
