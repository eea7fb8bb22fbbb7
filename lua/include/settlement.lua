--- @include batch
--- @include clock
--- @include gcra
--- @include record
--- @include close
--- @include cool_down
-- The writes of settle.lua for one attempt. `ctx` is shared by the messages of a call: sender, now, now_ms; the data read of its messages
-- (records, results, tats), which every write updates for the next message; and `out`, the collected writes. Writes.

-- What later scripts look for: the provider's id of an acceptance; whose lease expired, since that node may report the outcome after all.
local function history_tag(message, settlement)
  if settlement == 'sent' then return 'accepted=' .. string.match(message.resultSuffix, '^%S+ (%S+)') end
  return settlement == 'unknown' and message.code == 'LEASE_EXPIRED' and 'lease=' .. message.holder
end

-- Settles a message as sent or failed.
local function finish(ctx, message, record, settlement)
  local id, is_sent = message.id, settlement == 'sent'
  -- The record of a sent message is kept while a failed status may still arrive.
  local is_unconfirmed = is_sent and (message.keepMs or 0) > 0
  local is_stored
  ctx.results[message.msg], is_stored = close_message(ctx.sender, record, {
    id = id, msg = message.msg, known = ctx.results[message.msg], letter = is_sent and 's' or 'f', resultSuffix = message.resultSuffix,
    history = message.history, reason = message.reason, keeps_record = is_unconfirmed,
    list = not is_sent and key.failed or record.attempts > 1 and key.resolved or nil
  }, ctx.now_ms)
  -- Without a result only this entry says that the message was sent.
  if is_unconfirmed then redis.call('ZADD', key.unconfirmed, ctx.now_ms + (is_stored and message.keepMs or REPORTED_LIFE), id) end
  -- Only a failure has an earlier attempt.
  if message.attempt > 1 then redis.call('ZREM', key.retries, id) end
  ctx.records[id] = false
  ctx.out.closed[#ctx.out.closed + 1] = id
  if message.term ~= '' then push(ctx.out.recent, 0, message.term) end
  if is_sent then ctx.sent = ctx.sent + 1 end
end

-- Settles an attempt of a message that was settled as sent meanwhile, since an earlier attempt turned out to have been accepted. Whatever its
-- outcome, the message stays sent. Returns `double` if this attempt was accepted, too, else `superseded`.
local function supersede(ctx, message, settlement)
  local id, is_sent, is_attempt = message.id, settlement == 'sent', settlement ~= 'wait' and settlement ~= 'stop'
  local wamid = is_sent and string.match(message.resultSuffix, '^%S+ (%S+)')
  local result, text = read_result(ctx.results[message.msg]), redis.call('HGET', key.failure_records, id)
  local record = text and read_record(text)
  if record and is_attempt then
    record.attempts = math.max(record.attempts, message.attempt)
    if message.history ~= '' then append_history(record, ctx.now_ms, message.history, is_sent and 'accepted=' .. wamid) end
    redis.call('HSET', key.failure_records, id, write_record(record))
  end
  -- An erased result has no recipient.
  if result.recipient and result.recipient ~= '-' and result.generation == generation_of(id) and is_attempt then
    result.attempts = math.max(result.attempts, message.attempt)
    ctx.results[message.msg] = is_sent and not record and append_status(result, double_mark(wamid), '') or format_result(result)
    redis.call('SET', message.msg, ctx.results[message.msg], 'KEEPTTL')
  end
  return is_sent and 'double' or 'superseded'
end

-- Puts a message back in its queue, or into `failures` or `unknown`. Returns when it is due, ms; 0 for the queue.
local function requeue(ctx, message, record, settlement)
  local id, due_ms = message.id, 0
  if settlement == 'wait' then
    redis.call('ZADD', key.queue[record.lane], 0, member_of(record, id))
    ctx.queues[record.lane] = key.queue[record.lane]
  else
    due_ms = ctx.now_ms + (message.afterMs or 0)
    redis.call('ZADD', settlement == 'retry' and key.failures or key.unknown, due_ms, id)
    if settlement == 'retry' and message.attempt > 1 then redis.call('ZREM', key.retries, id) end
  end
  ctx.records[id] = write_record(record)
  redis.call('HSET', key.backlog, id, ctx.records[id])
  redis.call('ZADD', key.expiry, record.expires, id)
  return due_ms
end

-- Updates the pair's TAT by the start of the attempt and its cool-down. A granted slot is not refunded, and a TAT only rises.
local function update_tat(ctx, message, lease)
  local sender, tat = ctx.sender, tonumber(ctx.tats[message.recipient] or 0)
  if lease and message.startedUs then tat = math.max(tat, advance(lease.tat_before, lease.granted_at + message.startedUs, sender.pair_rate)) end
  tat = cool_down(sender, message.bucket, message.recipient, tat, (message.coolMs or 0) * 1000, message.code, ctx.now)
  if tat > 0 then push(ctx.out.pair_tat, tat, message.recipient) end
  ctx.tats[message.recipient] = tat
  return tat
end

-- A probe that says nothing about the sender costs no whole interval, which may be an hour: the next one comes a second after one that was never
-- sent, and a minute after one that was refused for its own sake, rate limited or not answered.
local function probe_again(sender, lease, started_us, now)
  local since, interval = unpack(redis.call('HMGET', key.sender, 'since', 'probeIntervalUs'))
  if lease.granted_at <= tonumber(since or 0) then return end
  local at = now + (started_us and math.min(60000000, tonumber(interval or 60000000)) or 1000000)
  if at >= (sender.resumes_at or math.huge) then return end
  sender.resumes_at = at
  redis.call('HSET', key.sender, 'until', at)
end

-- Stops the sender (`stops`), resumes it after a success, or brings its next probe forward; returns whether it was resumed.
local function stop_or_resume(ctx, message, lease, stops)
  local sender = ctx.sender
  -- An operator's pause stays: a stopped sender would be probed, and resumed without the operator.
  if stops or (message.bucket == 'sender' and sender.status == 'stopped') then
    stop_sender(sender, message.code, (message.coolMs or 0) * 1000, ctx.now)
  elseif message.settlement == 'sent' and sender.status == 'stopped' and
    (not lease or lease.granted_at > tonumber(redis.call('HGET', key.sender, 'since') or 0)) then
    -- Only a grant after the stop proves that the sender works; attempts in flight at the stop do not.
    redis.call('HDEL', key.sender, 'status', 'reason', 'until', 'since', 'probeIntervalUs')
    redis.call('HSET', key.sender, 'resumedAt', ctx.now)
    sender.status = 'active'
    return true
  elseif lease and sender.status == 'stopped' and message.settlement ~= 'sent' then
    probe_again(sender, lease, message.startedUs, ctx.now)
  end
  return false
end
