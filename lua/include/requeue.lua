--- @include record
-- Puts a message back in its queue, or into `failures` or `unknown`. Writes. Returns when it is due, ms; 0 for the queue.
local function requeue(message, record, settlement, now_ms)
  local id, due_ms = message.id, 0
  if settlement == 'wait' then
    redis.call('ZADD', key.queue[record.lane], 0, member_of(record, id))
  else
    due_ms = now_ms + (message.afterMs or 0)
    redis.call('ZADD', settlement == 'retry' and key.failures or key.unknown, due_ms, id)
    if settlement == 'retry' and message.attempt ~= '1' then redis.call('ZREM', key.retries, id) end
  end
  redis.call('HSET', key.backlog, id, format_record(record))
  redis.call('ZADD', key.expiry, record.expires, id)
  return due_ms
end
