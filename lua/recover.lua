#!lua flags=allow-oom
-- What a sender needs somebody for: grants whose lease ran out, grants of calls whose reply was lost, unknown outcomes
-- whose hold is over, and turns that nobody attends. Changes nothing but the call for a shift; the caller settles each.
-- Says when to ask again: until then the sender needs nobody whom its shift, or what changes it meanwhile, doesn't call.
--
-- KEYS[1]   backlog       hash    id -> record of an unsettled message
-- KEYS[2]   turns:urgent  zset    recipient -> µs
-- KEYS[3]   turns:normal  zset    recipient -> µs
-- KEYS[4]   turns:bulk    zset    recipient -> µs
-- KEYS[5]   held          hash    recipient -> grant
-- KEYS[6]   sender        hash    rules and state
-- KEYS[7]   inflight      zset    id -> lease end, µs
-- KEYS[8]   unknown       zset    id -> hold end, ms
-- KEYS[9]   scheduled     zset    id -> ms
-- KEYS[10]  shift         string  drain lease
-- KEYS[11]  parked        zset    status -> ms of the next look
--
-- ARGV[1]   now     µs     '' for Redis's clock
-- ARGV[2]   lost    JSON   array of holders (node and call) that never learned of their grants
-- ARGV[3]   limit   count  of leases and of unknown outcomes at most
--
-- Returns:
--   {attention, {lease, ...}, {grant of a lost call, ...}, {unknown, ...}, ms of the next look or 0 for none in sight,
--     a parked status is due 0 or 1}
--     a lease or grant is id, recipient, attempt, holder, record; an unknown is id, record
--- @include clock
--- @include sender
--- @include record
--- @include attention
local backlog, turns, held, sender_key = KEYS[1], { KEYS[2], KEYS[3], KEYS[4] }, KEYS[5], KEYS[6]
local inflight, unknown, scheduled, shift, parked = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local given, lost, limit = ARGV[1], cjson.decode(ARGV[2]), tonumber(ARGV[3])

local now = clock(given)
local leases, grants, unknowns = {}, {}, {}
local function told(recipient, grant)
  return { grant.id, recipient, grant.attempt, grant.holder, redis.call('HGET', backlog, grant.id) or '' }
end

-- The pair's own entry is the truth of a grant; inflight only finds those that ran out.
local function take_lease(id)
  local text = redis.call('HGET', backlog, id)
  local recipient = text and read_record(text).recipient
  local grant = recipient and read_grant(redis.call('HGET', held, recipient))
  if grant and grant.id == id then
    leases[#leases + 1] = told(recipient, grant)
  else
    redis.call('ZREM', inflight, id)
  end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', inflight, '-inf', now, 'LIMIT', 0, limit)) do take_lease(id) end

if #lost > 0 then
  local is_lost = {}
  for _, holder in ipairs(lost) do is_lost[holder] = true end
  local all = redis.call('HGETALL', held)
  for i = 1, #all, 2 do
    local grant = read_grant(all[i + 1])
    if grant and is_lost[grant.holder] then grants[#grants + 1] = told(all[i], grant) end
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', unknown, '-inf', math.floor(now / 1000), 'LIMIT', 0, limit)) do
  unknowns[#unknowns + 1] = { id, redis.call('HGET', backlog, id) or '' }
end

-- Looks 2 s ahead, so that a shift is there when the turn comes.
local first = math.huge
for lane = 1, 3 do
  local turn = redis.call('ZRANGE', turns[lane], 0, 0, 'WITHSCORES')
  if turn[1] then first = math.min(first, tonumber(turn[2])) end
end
local sender = read_sender(sender_key)
if sender and first < math.huge then
  local shut, reopens = closed(sender, now)
  first = math.max(first, sender.cool_until)
  if shut then first = math.max(first, reopens or math.huge) end
end
local soonest = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
if soonest[1] then first = math.min(first, tonumber(soonest[2]) * 1000) end
local who, value = '', nil
if sender and first <= now + 2000000 then who, value = attention(shift, first, now) end
if who == 'call' then redis.call('SET', shift, unpack(value)) end

-- Attended, by a shift or a call, it is fine until that lease runs out; else 2 s before the first turn. No lease of a grant
-- and no hold may be missed either.
local life = redis.call('PTTL', shift)
local again = life >= 0 and now + life * 1000 or first - 2000000
local lease = redis.call('ZRANGE', inflight, 0, 0, 'WITHSCORES')
if lease[1] then again = math.min(again, tonumber(lease[2])) end
local hold = redis.call('ZRANGE', unknown, 0, 0, 'WITHSCORES')
if hold[1] then again = math.min(again, tonumber(hold[2]) * 1000) end
local look = redis.call('ZRANGE', parked, 0, 0, 'WITHSCORES')
if look[1] then again = math.min(again, tonumber(look[2]) * 1000) end
local next_look = again < math.huge and math.ceil(math.max(again, now) / 1000) or 0
return { who == 'call' and who or '', leases, grants, unknowns, next_look, look[1] and tonumber(look[2]) * 1000 <= now and 1 or 0 }
