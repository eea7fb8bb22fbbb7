--- @include record
--- @include result
--- @include grant
--- @include outbox
--- @include success
--- @include counts
-- Applies a receipt to a message that was settled as sent before; the arguments are those of receipt.lua. Writes.

local function success_tag()
  return (arg.status == 's' and 'accepted=' or 'delivered=') .. arg.wamid
end

-- Writes that another attempt than the one of the result was accepted, too. Returns whether that is new. `record`: of a resolved failure, or nil.
local function mark_double(record, result, now_ms)
  local mark = record and marks_of(record.body)[arg.wamid]
  if mark == 'accepted' or mark == 'delivered' then return false end
  if record then
    append_history(record, now_ms, arg.history, success_tag())
    redis.call('HSET', key.failure_records, arg.id, format_record(record))
    return true
  end
  -- Without a history it stands with the other receipts.
  local with_mark = append_status(result, double_mark(arg.wamid), '')
  if with_mark then redis.call('SET', key.msg, with_mark, 'KEEPTTL') end
  return with_mark ~= nil
end

-- With the result of the message at hand.
local function raise_result(sender, result, at, now_ms)
  local id, status, is_other, is_double = arg.id, arg.status, result.wamid ~= arg.wamid, false
  if is_other then
    local grant = grant_of(result.recipient)
    if grant and grant.id == id and grant.attempt == arg.attempt then return 'in-flight' end
    local text = redis.call('ZSCORE', key.resolved, id) and redis.call('HGET', key.failure_records, id)
    local record = text and read_record(text)
    if status == 's' and record and marks_of(record.body)[arg.wamid] == 'bounced' then return 'bounced' end
    is_double = mark_double(record, result, now_ms)
  end
  -- The first receipt: the record is no longer needed for a failed status.
  local was_unconfirmed = not (is_other and status == 's') and redis.call('ZREM', key.unconfirmed, id) == 1
  if was_unconfirmed and not redis.call('ZSCORE', key.resolved, id) then redis.call('HDEL', key.failure_records, id) end
  local letter, risen = result.letter, append_status(result, status, at)
  if not risen then return is_double and 'double' or 'known' end
  redis.call('SET', key.msg, risen, 'KEEPTTL')
  if result.letter ~= letter then
    local campaign, caller = counted_of_result(result.suffix)
    count_message(campaign, caller, letter, result.letter, now_ms)
  end
  -- A delivery that arrives after the read changes nothing.
  if sender and sender.callbacks and result.letter ~= letter then append_change(sender, outbox_item(id, now_ms, risen, '')) end
  return is_double and 'double' or 'advanced'
end

-- Its result is not stored any more, or its key belongs to a younger message: only the record says that it was sent.
local function raise_record(record, is_resolved, now_ms)
  local marks = marks_of(record.body)
  local mark = marks[arg.wamid]
  if mark == 'bounced' and arg.status == 's' then return 'bounced' end
  if arg.status ~= 's' then redis.call('ZREM', key.unconfirmed, arg.id) end
  if arg.status ~= 's' and not is_resolved then
    -- It was delivered, and nothing else is of interest.
    redis.call('HDEL', key.failure_records, arg.id)
    count_closed(record, 's', arg.status, now_ms)
    return 'advanced'
  end
  local is_double = not mark and other_success(marks, arg.wamid)
  local is_new = mark ~= 'delivered' and (arg.status ~= 's' or is_double)
  if is_new then
    append_history(record, now_ms, arg.history, success_tag())
    redis.call('HSET', key.failure_records, arg.id, format_record(record))
  end
  return is_double and 'double' or is_new and 'advanced' or 'known'
end
