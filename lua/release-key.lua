#!lua flags=allow-oom
-- Frees an idempotency key whose window is over while the result of its message is still kept, since statuses of that may arrive. What they need
-- moves to a record among the unconfirmed, and stays there as long as they may.
--
-- Keys:
--   msg              string  idempotency record of this digest
--   failure-records  hash    id -> record with its history
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--
-- Arguments:
--   now      µs    empty for Redis's clock
--   id       text  of the message that was sent
--   payload  JSON  of a record without content, made of the compact result
--   history  JSON  what happened, one line
--
-- Returns:
--   released   -
--   unchanged  -   the key is not of a message that was sent and not yet delivered
--- @include clock
--- @include history
--- @include record
--- @include result
--- @include success
--- @include counts

local id = arg.id
local result = read_result(redis.call('GET', key.msg))
if result.letter ~= 's' or result.generation ~= generation_of(id) then return { 'unchanged' } end
local now_ms = math.floor(clock() / 1000)
local until_ms = now_ms + math.max(0, math.min(redis.call('PTTL', key.msg), result.at + REPORTED_LIFE - now_ms))
-- An erased message has no recipient.
if result.recipient ~= '-' then
  local text = redis.call('HGET', key.failure_records, id)
  local campaign, caller = counted_of_result(result.suffix)
  local record = text and read_record(text) or record_of_result(result, campaign, caller, now_ms, now_ms, arg.payload)
  -- The record has to say which attempt was accepted.
  if not marks_of(record.body)[result.wamid] then append_history(record, tonumber(result.at), arg.history, 'accepted=' .. result.wamid) end
  redis.call('HSET', key.failure_records, id, format_record(record))
  redis.call('ZADD', key.unconfirmed, until_ms, id)
end
redis.call('DEL', key.msg)
return { 'released' }
