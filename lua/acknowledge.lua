#!lua flags=allow-oom
-- Acknowledges a failure: adds an entry to its history, and a FAILED one no longer counts as unacknowledged.
--
-- Keys:
--   backlog          hash  id -> record of an unsettled message
--   failures         zset  id -> nextRetryAt, ms
--   retries          zset  id of a failure whose retry has begun -> when, ms
--   failed           zset  id -> ms
--   failure-records  hash  id -> record with its history
--   unacknowledged   zset  id of a FAILED failure -> reason and ms
--
-- Arguments:
--   now      µs    empty for Redis's clock
--   id       text  of the message
--   history  JSON  who and why, one line
--
-- Returns:
--   acknowledged  -
--   gone          -  there is no PENDING or FAILED failure with this id
--- @include clock
--- @include history
--- @include record

local id = arg.id
local failed_at = redis.call('ZSCORE', key.failed, id)
local pending = not failed_at and (redis.call('ZSCORE', key.failures, id) or redis.call('ZSCORE', key.retries, id))
local hash = failed_at and key.failure_records or key.backlog
local text = (failed_at or pending) and redis.call('HGET', hash, id)
local record = text and read_record(text)
if not record then return { 'gone' } end
append_history(record, math.floor(clock() / 1000), arg.history)
redis.call('HSET', hash, id, format_record(record))
redis.call('ZREM', key.unacknowledged, id)
return { 'acknowledged' }
