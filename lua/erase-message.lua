#!lua flags=allow-oom
-- Erases recipient and content of a settled message. Its idempotency record stays until its TTL, so that a repeat is not sent again.
--
-- Keys:
--   msg              string  idempotency record of this digest
--   backlog          hash    id -> record of an unsettled message
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--
-- Arguments:
--   id  text  of the message
--
-- Returns:
--   erased  hadResult?, wasFailure?   whether a result named the recipient, and whether it was stored as a failure
--   busy    -                      it is not settled
--- @include result

local id = arg.id
if redis.call('HEXISTS', key.backlog, id) == 1 then return { 'busy' } end
local known = redis.call('GET', key.msg)
local letter, generation, at, attempts, recipient, caller = string.match(known or '', '^(%a) (%x+) %x+ (%d+) (%d+)%S* (%S+) (%S+) ')
local names_recipient = recipient and recipient ~= '-' and generation == generation_of(id)
-- 0 instead of the fingerprint: an erased result does not prove other content.
local erased = names_recipient and table.concat({ letter, generation, '0', at, attempts, '-', caller, '-' }, ' ')
if erased then redis.call('SET', key.msg, erased, 'KEEPTTL') end
redis.call('HDEL', key.failure_records, id)
local was_failure = redis.call('ZREM', key.resolved, id) + redis.call('ZREM', key.failed, id)
redis.call('ZREM', key.unacknowledged, id)
redis.call('ZREM', key.unconfirmed, id)
return { 'erased', names_recipient and 1 or 0, was_failure }
