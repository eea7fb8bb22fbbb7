#!lua flags=allow-oom
-- Finds what recovery has to do for a sender: grants whose lease has expired, grants of calls whose reply was lost, unknown outcomes whose hold
-- is over, and ready messages without a drain run. A lease that is found expired for the first time is extended once by `graceMs`: after an outage
-- running nodes then have the time to write what they hold. Otherwise writes only a request for a drain run; the caller settles each attempt.
-- Returns when to check again: until then the drain run handles the sender, or a script that changes it returns a wake hint.
--
-- Keys:
--   backlog          hash    id -> record of an unsettled message
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   grants           hash    recipient -> grant
--   sender           hash    rules and state
--   inflight         zset    id -> lease end, or the end of its grace, µs
--   unknown          zset    id -> hold end, ms
--   scheduled        zset    `number:id` -> ms
--   drain-lease      string  the drain run of this sender
--   campaign-starts  zset    campaign -> when the next of its messages are released, µs
--   parked           zset    status -> ms of the next attempt to match it
--
-- Arguments:
--   now      µs     empty for Redis's clock
--   lost     text   holders (node and call) whose reply was lost, separated by spaces
--   limit    count  of leases and of unknown outcomes at most
--   graceMs  ms     how long an expired lease is extended, once
--
-- Returns:
--   recovered   wakeHint, leases[], lost[], unknown[], nextMs, parkedDue?
--   leases[]    id, recipient, attempt, holder, record
--   lost[]      id, recipient, attempt, holder, record
--   unknown[]   id, record
-- record: empty where a receipt has settled the message while it was in flight.
-- nextMs: when to check again; 0 if nothing is foreseen.
--- @include clock
--- @include sender
--- @include ready
--- @include record
--- @include grant
--- @include wake_hint

local now = clock()
local leases, lost, unknown = {}, {}, {}
local function found_grant(recipient, grant)
  return { grant.id, recipient, grant.attempt, grant.holder, redis.call('HGET', key.backlog, grant.id) or '' }
end

-- The recipient for whom a message has a grant, and the grant. A receipt may have removed the message from the backlog, where the recipient is.
local function find_grant(id)
  local text = redis.call('HGET', key.backlog, id)
  local record = text and read_record(text)
  local grant = record and grant_of(record.recipient)
  if grant and grant.id == id then return record.recipient, grant end
  local all = redis.call('HGETALL', key.grants)
  for i = 1, #all, 2 do
    grant = read_grant(all[i + 1])
    if grant and grant.id == id then return all[i], grant end
  end
end

-- `grants` is the truth about a grant; `inflight` only finds the expired ones.
local function end_lease(id, lease_end)
  local recipient, grant = find_grant(id)
  if grant and lease_end <= grant.lease_end and (arg.graceMs or 0) > 0 then
    redis.call('ZADD', key.inflight, now + arg.graceMs * 1000, id)
  elseif grant then
    leases[#leases + 1] = found_grant(recipient, grant)
  else
    redis.call('ZREM', key.inflight, id)
  end
end
local expired = redis.call('ZRANGEBYSCORE', key.inflight, '-inf', now, 'WITHSCORES', 'LIMIT', 0, arg.limit)
for i = 1, #expired, 2 do end_lease(expired[i], tonumber(expired[i + 1])) end

if arg.lost ~= '' then
  local is_lost = {}
  for holder in string.gmatch(arg.lost, '%S+') do is_lost[holder] = true end
  local all = redis.call('HGETALL', key.grants)
  for i = 1, #all, 2 do
    local grant = read_grant(all[i + 1])
    if grant and is_lost[grant.holder] then lost[#lost + 1] = found_grant(all[i], grant) end
  end
end

local ended = redis.call('ZRANGEBYSCORE', key.unknown, '-inf', math.floor(now / 1000), 'WITHSCORES', 'LIMIT', 0, arg.limit)
for i = 1, #ended, 2 do
  local text = redis.call('HGET', key.backlog, ended[i])
  unknown[#unknown + 1] = { ended[i], text or '', at = tonumber(ended[i + 1]), seq = text and read_record(text).seq or 0 }
end
-- Redis orders holds of one end by id, which is random; their messages are decided in the order of acceptance.
table.sort(unknown, function(a, b) return a.at < b.at or (a.at == b.at and a.seq < b.seq) end)

-- The first member of a sorted set: its score in µs, or math.huge.
local function first_us(zset, unit)
  local entry = redis.call('ZRANGE', zset, 0, 0, 'WITHSCORES')
  return entry[1] and tonumber(entry[2]) * unit or math.huge
end
local sender, bulk_at = read_sender(), nil
if sender and sender.limits and string.find(sender.limits, 'bulk', 1, true) then
  --- @include bulk_hold
  bulk_at = (read_bulk_probe() or {}).at
end
local first = math.min(earliest_ready(now, bulk_at), first_us(key.campaign_starts, 1))
if sender and first < math.huge then
  local block, resumes_at = blocked(sender, now)
  first = math.max(first, sender.cool_until)
  if block then first = math.max(first, resumes_at or math.huge) end
end
first = math.min(first, first_us(key.scheduled, 1000))
-- 2 s ahead, so that a drain run has started when the message is ready.
local hint = ''
if sender and first <= now + 2000000 and redis.call('EXISTS', key.drain_lease) == 0 then hint = wake_hint(first, now) end

-- With a drain run, or a request for one, the next check is when the drain lease expires; otherwise 2 s before the first ready time. An end of
-- a grant's lease or of a hold may come earlier.
local life = redis.call('PTTL', key.drain_lease)
local next_us = life >= 0 and now + life * 1000 or first - 2000000
local parked_us = first_us(key.parked, 1000)
next_us = math.min(next_us, first_us(key.inflight, 1), first_us(key.unknown, 1000), parked_us)
local next_ms = next_us < math.huge and math.ceil(math.max(next_us, now) / 1000) or 0
return { 'recovered', hint, leases, lost, unknown, next_ms, parked_us <= now and 1 or 0 }
