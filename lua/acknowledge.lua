#!lua flags=allow-oom
-- Notes that somebody has seen a failure: a line of its story, and a FAILED one no longer counts as unacknowledged.
--
-- KEYS[1]   backlog          hash  id -> record of an unsettled message
-- KEYS[2]   failures         zset  id -> nextRetryAt, ms
-- KEYS[3]   failed           zset  id -> ms
-- KEYS[4]   failure-records  hash  id -> record with its story
-- KEYS[5]   unacknowledged   zset  id of a FAILED failure -> reason and ms
--
-- ARGV[1]   now    µs    '' for Redis's clock
-- ARGV[2]   id     text  of the message
-- ARGV[3]   history  JSON  who and why, one line
--
-- Returns:
--   {'acknowledged'}
--   {'gone'}   it is no failure that is pending or failed
--- @include clock
local backlog, failures, failed, records, unacknowledged = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local given, id, story = ARGV[1], ARGV[2], ARGV[3]

local failed_at = redis.call('ZSCORE', failed, id)
local pending = not failed_at and redis.call('ZSCORE', failures, id)
local home = failed_at and records or backlog
local text = (failed_at or pending) and redis.call('HGET', home, id)
if not text then return { 'gone' } end
redis.call('HSET', home, id, text .. '\n' .. int(math.floor(clock(given) / 1000)) .. ' ' .. story)
redis.call('ZREM', unacknowledged, id)
return { 'acknowledged' }
