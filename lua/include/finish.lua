--- @include close
--- @include index_entry
-- Settles a message as sent or failed; `message` as in settle.lua. Writes.
local function finish(sender, message, record, settlement, now_ms)
  local id, is_sent = message.id, settlement == 'sent'
  -- The record of a sent message is kept while a failed status may still arrive.
  local is_unconfirmed = is_sent and (message.keepMs or 0) > 0
  local _, is_stored = close_message(sender, record, {
    id = id, msg = message.msg, known = redis.call('GET', message.msg), letter = is_sent and 's' or 'f', resultSuffix = message.resultSuffix,
    history = message.history, reason = message.reason, keeps_record = is_unconfirmed,
    list = not is_sent and key.failed or record.attempts > 1 and key.resolved or nil
  }, now_ms)
  -- Without a result only this entry says that the message was sent.
  if is_unconfirmed then redis.call('ZADD', key.unconfirmed, now_ms + (is_stored and message.keepMs or REPORTED_LIFE), id) end
  if is_sent and sender.limits then
    --- @include window
    expect_status(now_ms)
  end
  -- Only a failure has an earlier attempt.
  if message.attempt ~= '1' then redis.call('ZREM', key.retries, id) end
  redis.call('HDEL', key.backlog, id)
  redis.call('ZREM', key.expiry, id)
  if message.term ~= '' then index_entry(message.term) end
end
