#!lua flags=allow-oom
-- Forgets of one settled message whom it was for and what it said. That it was, and how it ended, stays under its key for as long
-- as it would have, so that a repeat is not sent again.
--
-- KEYS[1]   msg              string  idempotency record of this digest
-- KEYS[2]   backlog          hash    id -> record of an unsettled message
-- KEYS[3]   resolved         zset    id -> ms
-- KEYS[4]   failed           zset    id -> ms
-- KEYS[5]   failure-records  hash    id -> record with its story
-- KEYS[6]   unacknowledged   zset    id -> why and when it failed
-- KEYS[7]   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--
-- ARGV[1]   id  text  of the message
--
-- Returns:
--   {'erased', had a result that told 0 or 1, was kept as a failure 0 or 1}
--   {'busy'}   it is not settled
local msg, backlog, resolved, failed, records = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local unacknowledged, unconfirmed = KEYS[6], KEYS[7]
local id = ARGV[1]

if redis.call('HEXISTS', backlog, id) == 1 then return { 'busy' } end
local known = redis.call('GET', msg)
local letter, generation, at, attempts, recipient, caller = string.match(known or '', '^(%a) (%x+) %x+ (%d+) (%d+)%S* (%S+) (%S+) ')
local tells = recipient and recipient ~= '-' and generation == string.match(id, '%.(%x+)$')
-- 0 in place of the fingerprint: what is erased is no proof of other content.
if tells then redis.call('SET', msg, table.concat({ letter, generation, '0', at, attempts, '-', caller, '-' }, ' '), 'KEEPTTL') end
redis.call('HDEL', records, id)
local was_kept = redis.call('ZREM', resolved, id) + redis.call('ZREM', failed, id)
redis.call('ZREM', unacknowledged, id)
redis.call('ZREM', unconfirmed, id)
return { 'erased', tells and 1 or 0, was_kept }
