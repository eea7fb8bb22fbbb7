#!lua flags=allow-oom
-- One step of a drain run: takes or renews the drain lease, moves due scheduled messages into their queues, grants up to `want` ready messages
-- in the order of lanes, and returns when to claim next. Or ends the run.
--
-- Keys:
--   backlog       hash    id -> record of an unsettled message
--   queue:<lane>  zset    messages that wait
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> TAT, µs
--   sender-tat    string  TAT in µs, slots used
--   seq           string  last number drawn for a queue
--   sender        hash    rules and state
--   inflight      zset    id -> lease end, µs
--   scheduled     zset    `number:id` -> ms
--   drain-lease   string  the drain run and when it wakes, µs; or `requested`
--   opt-outs      hash    recipients that want no marketing
--
-- Arguments:
--   now           µs      empty for Redis's clock
--   drainRun      text    name of this drain run
--   want          count   grants wanted; 0 for none
--   mode          word    keep; or end: release the lease, and request a drain run if a message is ready soon
--   holder        text    node and call that the grants belong to
--   runId         text    empty for Redis's own replication id
--   leaseMs       ms      life of a grant
--
-- Returns:
--   leased    -                                                     another drain run has the lease
--   no_rules  -                                                     no rules are written for this sender
--   claimed   nowUs, nextUs, dropped, expired, grants[], unwanted
--   ended     wakeHint
--   grants[]  id, recipient, attempt, stops, lane, lateUs, body, pairHits
-- nextUs is -1 for never; dropped counts heads without a record; expired and unwanted (marketing) are lists of ids.
--- @include clock
--- @include restart
--- @include seq
--- @include grant
--- @include free_pair
--- @include select_due

local owner = string.match(redis.call('GET', key.drain_lease) or 'requested', '^%S+')
if owner ~= 'requested' and owner ~= arg.drainRun then return { 'leased' } end
local sender = read_sender()
if not sender then return { 'no_rules' } end
local now = clock()
write_restart(sender, detect_restart(sender, now))

-- Corrects a ready time that contradicts queue, pair-tat and grants.
local function repair_ready(recipient, since)
  if redis.call('HEXISTS', key.grants, recipient) == 0 then return free_pair(sender, recipient, since) end
  for lane = 1, LANES do redis.call('ZREM', key.ready[lane], recipient) end
end

-- By their moment; those of one moment in the order of their acceptance. A number of the queue is drawn now: they join behind what waits.
local due = redis.call('ZRANGEBYSCORE', key.scheduled, '-inf', math.floor(now / 1000), 'LIMIT', 0, 100)
local next_number = create_numbers(#due)
for _, member in ipairs(due) do
  local id = string.match(member, '^%d+:(.+)$')
  local text = redis.call('HGET', key.backlog, id)
  local record = text and read_record(text)
  redis.call('ZREM', key.scheduled, member)
  if record then
    record.seq = next_number()
    redis.call('HSET', key.backlog, id, write_record(record))
    redis.call('ZADD', key.queue[record.lane], 0, member_of(record, id))
    local lane = ready_of(record.recipient)
    if not lane or lane > record.lane then repair_ready(record.recipient, now) end
  end
end

local block, resumes_at = blocked(sender, now)
local is_probing = block == 'sender-stopped' and resumes_at and resumes_at <= now
local probe_us = is_probing and tonumber(redis.call('HGET', key.sender, 'probeIntervalUs') or 60000000)
local free = sender.max_in_flight - redis.call('ZCARD', key.inflight)
local want = math.min(arg.want, free, is_probing and 1 or math.huge)
if (block and not is_probing) or sender.cool_until > now or arg.mode == 'end' then want = 0 end

local found = select_due(sender, want, now)
local out = { queue = { {}, {}, {} }, ready = { {}, {}, {} }, pair_tat = {}, grants = {}, inflight = {} }
local lease_end = int(now + arg.leaseMs * 1000)
for n, grant in ipairs(found.granted) do
  table.insert(out.queue[grant.lane], grant.member)
  table.insert(out.ready[grant.lane], grant.recipient)
  out.pair_tat[2 * n - 1], out.pair_tat[2 * n] = int(advance(grant.tat, now, sender.pair_rate)), grant.recipient
  out.grants[2 * n - 1] = grant.recipient
  out.grants[2 * n] = write_grant(grant.id, grant.attempt, lease_end, arg.holder, now, grant.tat, grant.ready_at)
  out.inflight[2 * n - 1], out.inflight[2 * n] = lease_end, grant.id
end
for lane = 1, LANES do
  if #out.queue[lane] > 0 then
    redis.call('ZREM', key.queue[lane], unpack(out.queue[lane]))
    redis.call('ZREM', key.ready[lane], unpack(out.ready[lane]))
  end
end
if #found.granted > 0 then
  redis.call('ZADD', key.pair_tat, unpack(out.pair_tat))
  redis.call('HSET', key.grants, unpack(out.grants))
  redis.call('ZADD', key.inflight, unpack(out.inflight))
  write_sender_tat(found.sender_tat, found.slots)
  if is_probing then redis.call('HSET', key.sender, 'until', now + probe_us) end
end
for _, lost in ipairs(found.lost) do
  redis.call('ZREM', key.queue[lost[1]], lost[2])
  repair_ready(lost[3], now)
end
for _, wrong in ipairs(found.wrong) do repair_ready(wrong[1], wrong[2]) end

-- When to claim next: the first ready time that sender rate, cool-down and pause allow, or the first scheduled message.
local next_at = earliest_ready()
if next_at < math.huge then
  next_at = math.max(next_at, earliest(found.sender_tat, sender.sender_rate), sender.cool_until)
  if block then next_at = math.max(next_at, is_probing and #found.granted > 0 and now + probe_us or resumes_at or math.huge) end
  -- At the limit in flight, a settlement wakes the drain run; this is the fallback.
  if free - #found.granted <= 0 then next_at = math.max(next_at, now + 100000) end
end
local soonest = redis.call('ZRANGE', key.scheduled, 0, 0, 'WITHSCORES')
if soonest[1] then next_at = math.min(next_at, tonumber(soonest[2]) * 1000) end

if arg.mode == 'end' then
  if next_at > now + 5000000 then
    redis.call('DEL', key.drain_lease)
    return { 'ended', '' }
  end
  redis.call('SET', key.drain_lease, 'requested', 'PX', 2000)
  return { 'ended', 'enqueue' }
end
redis.call('SET', key.drain_lease, arg.drainRun .. ' ' .. int(math.min(next_at, now + 500000)), 'PX', 3000)
return { 'claimed', now, next_at < math.huge and math.ceil(next_at) or -1, #found.lost, found.expired, found.replies, found.unwanted }
