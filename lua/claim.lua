#!lua flags=allow-oom
-- One step of a drain run: acquires or renews the drain lease, moves due scheduled messages into their queues, grants up to `want` ready messages
-- in the order of lanes, and returns when to claim next. Or ends the run.
--
-- Keys:
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   grants           hash    recipient -> grant
--   pair-tat         zset    recipient -> TAT, µs
--   sender-tat       string  TAT in µs, slots used
--   seq              string  last number drawn for a queue
--   sender           hash    rules and state
--   inflight         zset    id -> lease end, µs
--   scheduled        zset    `number:id` -> ms
--   drain-lease      string  the drain run and when it wakes, µs; or `requested`
--   opt-outs         hash    recipients that want no marketing
--   templates        hash    templates, and `#` and campaigns, that are not sent now
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   windows          zset    recipient -> last act, ms
--   shares           hash    the callers of each lane, and their virtual times
--   daily            zset    recipient -> when it was counted for the daily limit, ms
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--   campaign-starts  zset    campaign -> when the next of its messages are released, µs
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
--   claimed   nowUs, nextUs, dropped, expired, grants[], unwanted, isProbe?, closed
--   ended     wakeHint
--   grants[]  id, recipient, attempt, stops, lane, lateUs, body, pairHits, replaced?
-- nextUs is -1 for never; dropped counts heads without a record; expired, unwanted (marketing) and closed (window) are ids. isProbe: of a circuit.
--- @include clock
--- @include restart
--- @include grant
--- @include candidates
--- @include record
--- @include sender_tat
--- @include next_claim

local owner = string.match(redis.call('GET', key.drain_lease) or 'requested', '^%S+')
if owner ~= 'requested' and owner ~= arg.drainRun then return { 'leased' } end
local sender = read_sender('runId')
if not sender then return { 'no_rules' } end
local now = clock()
cool_after_restart(sender, now)

-- When the first scheduled message is due, ms, or nil.
local function first_scheduled() return tonumber(redis.call('ZRANGE', key.scheduled, '0', '0', 'WITHSCORES')[2]) end
local next_ms = first_scheduled()
if next_ms and next_ms * 1000 <= now then
  --- @include join_queues
  join_queues(sender, now)
  next_ms = first_scheduled()
end

local block, resumes_at = blocked(sender, now)
local is_probing = block and block ~= 'pause' and resumes_at and resumes_at <= now
local sender_tat, slots = read_sender_tat()
local free = sender.max_in_flight - redis.call('ZCARD', key.inflight)
-- Less than none is free where the limit was lowered, or is lower while the circuit is half-open.
local want = math.max(0, math.min(arg.want, free, is_probing and 1 or math.huge, allowed(sender_tat, now, sender.sender_rate)))
if (block and not is_probing) or sender.cool_until > now or arg.mode == 'end' then want = 0 end

local next_start, has_rates = nil, sender.limits and string.find(sender.limits, 'rates', 1, true)
if sender.limits and string.find(sender.limits, 'plans', 1, true) then
  --- @include campaign_starts
  next_start = start_campaigns(sender, want, now)
end

local lease_end, dropped, is_repaired = int(now + arg.leaseMs * 1000), 0, false
local queues, ready, grants, expired, unwanted, closed = filled(key.queue), filled(key.ready), {}, {}, {}, {}

local function repair(recipient, since)
  --- @include repair_ready
  repair_ready(sender, recipient, since)
  queues, is_repaired = key.queue, true
end

-- Grants the head of a pair, unless something stored is wrong. Returns `skipped` for a head that the caller closes.
local function consider(lane, recipient, ready_at)
  local tat = tonumber(redis.call('ZSCORE', key.pair_tat, recipient) or 0)
  local right_lane, right_time, member = next_ready(queues, recipient, tat, sender.pair_rate, ready_at)
  if right_lane ~= lane or right_time > now or redis.call('HEXISTS', key.grants, recipient) == 1 then
    return repair(recipient, ready_at)
  end
  local id = id_of(member)
  local text, effect = redis.call('HGET', key.backlog, id), nil
  local record = text and read_record(text)
  if not record then
    dropped = dropped + 1
    redis.call('ZREM', key.queue[lane], member)
    return repair(recipient, now)
  end
  local is_expired = record.expires <= now / 1000
  if is_expired or record.marketing and redis.call('HEXISTS', key.opt_outs, recipient) == 1 then
    table.insert(is_expired and expired or unwanted, id)
    return 'skipped'
  end
  if has_rates or record.template and sender.limits then
    --- @include hold
    effect = hold_head(sender, record, id, member, now, closed, expired)
    if effect == 'skipped' then return effect elseif effect == 'suspended' then return repair(recipient, now) end
  end
  local possible, attempt = math.max(ready_at, earliest(sender_tat, sender.sender_rate), sender.cool_until), record.attempts + 1
  redis.call('ZREM', key.queue[lane], member)
  redis.call('ZREM', key.ready[lane], recipient)
  redis.call('ZADD', key.pair_tat, int(advance(tat, now, sender.pair_rate)), recipient)
  redis.call('HSET', key.grants, recipient, format_grant(id, attempt, lease_end, arg.holder, now, tat, ready_at))
  redis.call('ZADD', key.inflight, lease_end, id)
  sender_tat, slots = advance(sender_tat, now, sender.sender_rate), slots + 1
  grants[#grants + 1] = { id, recipient, attempt, record.stops, lane, math.max(0, now - possible), record.body, record.pair_hits, effect and 1 }
end

local next_candidate, skip, first_left, save_shares = choose_candidates(sender, ready, want, now)
-- The bound is for many heads that expired in an outage.
for _ = 1, want > 0 and want + 100 or 0 do
  if #grants >= want then break end
  local lane, recipient, ready_at = next_candidate(slots + 1)
  if not lane then break end
  if consider(lane, recipient, ready_at) == 'skipped' then skip(lane) end
end
if save_shares then save_shares(slots + 1) end
if #grants > 0 then write_sender_tat(sender_tat, slots) end
if #grants > 0 and is_probing then
  --- @include probe
  resumes_at = begin_probe(sender, block, now, now + arg.leaseMs * 1000)
end

if is_repaired and not save_shares then first_left = select(3, choose_candidates(sender, key.ready, 0, now)) end
local first_at = first_left()
if next_start then first_at = math.min(first_at, next_start()) end
local next_at = next_claim(sender, sender_tat, first_at, free - #grants, block, resumes_at, now)
if next_ms then next_at = math.min(next_at, next_ms * 1000) end
if arg.mode == 'end' then
  --- @include end_run
  return end_run(next_at, now)
end
redis.call('SET', key.drain_lease, arg.drainRun .. ' ' .. int(math.min(next_at, now + 500000)), 'PX', '3000')
return { 'claimed', now, next_at < math.huge and math.ceil(next_at) or -1, dropped, expired, grants, unwanted,
  block == 'outage' and 1 or #closed > 0 and 0 or nil, #closed > 0 and closed or nil }
