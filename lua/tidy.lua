#!lua flags=allow-oom
-- Housekeeping of one sender: forgets idle buckets, old failures and old counts; names the messages whose life is over.
--
-- KEYS[1]   pace             zset  recipient -> TAT, µs
-- KEYS[2]   expiry           zset  id -> ms
-- KEYS[3]   resolved         zset  id -> ms
-- KEYS[4]   failed           zset  id -> ms
-- KEYS[5]   failure-records  hash  id -> record with its story
-- KEYS[6]   completed        zset  ten minutes -> messages sent in them
-- KEYS[7]   unacknowledged   zset  id of a FAILED failure -> reason and ms
-- KEYS[8]   unconfirmed      zset  id of a sent message -> ms until which its record is kept
--
-- ARGV[1]   now          µs     '' for Redis's clock
-- ARGV[2]   retentionMs  ms     that settled failures are kept
-- ARGV[3]   cap          count  of settled failures kept of each kind
-- ARGV[4]   limit        count  of each kind in one call at most
--
-- Returns:
--   {{id whose life is over, ...}, buckets forgotten, failures and records of sent messages forgotten}
--- @include clock
local pace, expiry, resolved, failed, records, completed, unacknowledged, unconfirmed =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local given, retention, cap, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local now = clock(given)
local now_ms = math.floor(now / 1000)
local forgotten = 0
local function forget(kind, ids)
  for _, id in ipairs(ids) do
    redis.call('HDEL', records, id)
    redis.call('ZREM', kind, id)
    redis.call('ZREM', unacknowledged, id)
  end
  forgotten = forgotten + #ids
end
for _, kind in ipairs({ resolved, failed }) do
  forget(kind, redis.call('ZRANGEBYSCORE', kind, '-inf', now_ms - retention, 'LIMIT', 0, limit))
  local over = math.min(limit, redis.call('ZCARD', kind) - cap)
  if over > 0 then forget(kind, redis.call('ZRANGE', kind, 0, over - 1)) end
end

-- No receipt has come for so long that none is likely to say anything else.
local confirmed = redis.call('ZRANGEBYSCORE', unconfirmed, '-inf', now_ms, 'LIMIT', 0, limit)
for _, id in ipairs(confirmed) do
  redis.call('ZREM', unconfirmed, id)
  if not redis.call('ZSCORE', resolved, id) then redis.call('HDEL', records, id) end
end

-- A TAT in the past and none at all mean the same.
local idle = redis.call('ZRANGEBYSCORE', pace, '-inf', now, 'LIMIT', 0, limit)
for _, recipient in ipairs(idle) do redis.call('ZREM', pace, recipient) end

local present = math.floor(now_ms / 600000)
for _, span in ipairs(redis.call('ZRANGE', completed, 0, -1)) do
  if tonumber(span) < present - 24 * 6 or tonumber(span) > present then redis.call('ZREM', completed, span) end
end
return { redis.call('ZRANGEBYSCORE', expiry, '-inf', now_ms, 'LIMIT', 0, limit), #idle, forgotten + #confirmed }
