--- @include record
--- @include lookup_index
-- Stores a message that admit.lua accepts; `message` as there. `seq`: its number in the queue. Returns record, id and the end of its life. Writes.
local function store_message(message, lane, generation, seq, scheduled_for, now_ms)
  local id, expires = message.digest .. '.' .. generation, (scheduled_for or now_ms) + message.lifeMs
  local record = {
    recipient = message.recipient, lane = lane, seq = seq, attempts = 0, stops = 0, body = message.payload, marketing = message.marketing,
    template = message.template ~= '' and message.template or nil, caller = message.caller ~= '' and string.match(message.caller, '^[^*/]+') or nil,
    expires = expires, keep = math.max(now_ms + message.windowMs, (scheduled_for or now_ms) + (arg.findS or 0) * 1000 - 3600000)
  }
  local text = format_record(record)
  if scheduled_for then
    --- @include schedule
    text = enter_schedule(record, id, text, scheduled_for)
  end
  redis.call('SET', message.msg, 'w ' .. generation .. ' ' .. message.fingerprint) -- w: unsettled, and without an end until it is settled
  redis.call('HSET', key.backlog, id, text)
  if message.terms ~= '' then
    new_messages[#new_messages + 1] = message.digest .. string.sub(generation, -7)
    new_terms[#new_messages] = message.terms
  end
  if record.template or record.caller then
    --- @include counts
    count_closed(record, nil, 'a', now_ms)
  end
  return record, id, expires
end
