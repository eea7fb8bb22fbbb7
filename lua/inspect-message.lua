#!lua flags=allow-oom
-- Looks at one message: its state, derived from where its id stands, and if it waits, for how long and for what.
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
-- KEYS[13]  scheduled        zset    id -> ms
-- KEYS[14]  unknown          zset    id -> hold end, ms
-- KEYS[15]  failures         zset    id -> nextRetryAt, ms
-- KEYS[16]  resolved         zset    id -> ms
-- KEYS[17]  failed           zset    id -> ms
-- KEYS[18]  failure-records  hash    id -> record with its story
--
-- ARGV[1]   now  µs    '' for Redis's clock
-- ARGV[2]   id   text  of the message; '' for the one that the idempotency record names
--
-- Returns:
--   {state, id, now ms, compact result or '', record with its story or '', moment ms or 0, wait µs or -1, what binds, position}
--     the moment is the next retry, the schedule, the hold end, or when a failure was settled
--   {'gone'}
--- @include clock
--- @include gcra
--- @include sender
--- @include line
--- @include record
--- @include promise
local msg, backlog, lines, turns = KEYS[1], KEYS[2], { KEYS[3], KEYS[4], KEYS[5] }, { KEYS[6], KEYS[7], KEYS[8] }
local held, pace, flow, sender_key, scheduled, unknown = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local failures, resolved, failed, records = KEYS[15], KEYS[16], KEYS[17], KEYS[18]
local given, id = ARGV[1], ARGV[2]

local known = redis.call('GET', msg) or ''
local now = clock(given)
local now_ms = math.floor(now / 1000)
local letter, generation = string.match(known, '^(%a) (%x+)')
if id == '' then
  if not generation then return { 'gone' } end
  id = string.match(msg, ':([^:]+)$') .. '.' .. generation
end
if generation ~= string.match(id, '%.(%x+)$') then known, letter = '', nil end

local text = redis.call('HGET', backlog, id)
local function answer(state, moment, wait, bound, position)
  return { state, id, now_ms, known, text or '', moment or 0, wait or 0, bound or '', position or 0 }
end
if not text then
  text = redis.call('HGET', records, id)
  local settled = { s = 'sent', d = 'delivered', r = 'read', f = 'failed', c = 'cancelled', e = 'expired' }
  local at = redis.call('ZSCORE', failed, id)
  if letter and letter ~= 'w' then return answer(settled[letter], tonumber(at or redis.call('ZSCORE', resolved, id) or 0)) end
  -- After the key's window the record alone tells; the reason stands in its story, never mind what the payload says.
  local tale = string.match(text or '', '^[^\n]*\n[^\n]*\n(.*)$') or ''
  if at then return answer(string.find(tale, '"reason":"expired"', 1, true) and 'expired' or 'failed', tonumber(at)) end
  at = redis.call('ZSCORE', resolved, id)
  if at then return answer(string.find(tale, '"reason":"cancelled"', 1, true) and 'cancelled' or 'sent', tonumber(at)) end
  return { 'gone' }
end

local record = read_record(text)
local grant = read_grant(redis.call('HGET', held, record.recipient))
if grant and grant.id == id then return answer('sending') end
for state, zset in pairs({ scheduled = scheduled, unknown = unknown, retrying = failures }) do
  local at = tonumber(redis.call('ZSCORE', zset, id) or nil)
  if at then return answer(state, at, math.max(0, at - now_ms) * 1000, state == 'scheduled' and 'schedule' or 'retry') end
end

local sender = read_sender(sender_key)
if not sender then return answer('queued', 0, -1, 'turn-in-queue', 0) end
local before = redis.call('ZLEXCOUNT', lines[record.lane], '[' .. record.recipient .. ':', '(' .. member_of(record, id))
if record.lane > 1 then before = before + waiting(lines, record.recipient, 1, record.lane - 1) end
local tat = tonumber(redis.call('ZSCORE', pace, record.recipient) or 0)
local flow_tat = tonumber(string.match(redis.call('GET', flow) or '0', '^%d+'))
local _, turn = turn_of(turns, record.recipient)
local wait, bound = promise(sender, turns[record.lane], now, tat, flow_tat, before, before == 0 and turn or nil)
return answer('queued', 0, wait, bound, before + 1)
