#!lua flags=allow-oom
-- Housekeeping of one sender: removes idle buckets, old failures, counts, opt-ins, acts and campaigns, and expiry entries without a record; ends fair
-- shares that no message needs; returns the messages that have expired.
--
-- Keys:
--   backlog          hash  id -> record of an unsettled message
--   ready:<lane>     zset  recipient -> when its head may be sent, µs
--   pair-tat         zset  recipient -> TAT, µs
--   sender           hash  rules and state
--   expiry           zset  id -> ms
--   resolved         zset  id -> ms
--   failed           zset  id -> ms
--   failure-records  hash  id -> record with its history
--   completed        zset  ten minutes -> messages sent in them
--   unacknowledged   zset  id of a FAILED failure -> reason and ms
--   unconfirmed      zset  id of a sent message -> ms until which its record is kept
--   opt-outs         hash  recipient -> since when, and why; -recipient -> when it opted in again, ms
--   windows          zset  recipient -> last act, ms
--   campaigns        hash  campaign, or `~` and a caller -> counts of its messages
--   templates        hash  templates, and `#` and campaigns, that are not sent now
--   shares           hash  callers of each lane, and their virtual times
--   daily            zset  recipient -> when it was counted for the daily limit, ms
--
-- Arguments:
--   now          µs     empty for Redis's clock
--   retentionMs  ms     that settled failures are kept
--   cap          count  of settled failures kept of each kind
--   limit        count  of each kind in one call at most
--
-- Returns:
--   pruned  expired, buckets, failures, cutFailed, cutResolved
-- expired: ids. buckets, failures: how many buckets, and failures and records, were removed. cutFailed and cutResolved: failures above the cap
-- that were removed before the end of their retention, of these.
--- @include clock

-- A window is open for 24 hours. For another day it is known when it was closed.
local ACT_LIFE_MS = 2 * 24 * 3600000
-- Longer than Meta repeats a webhook.
local OPT_IN_LIFE_MS = 30 * 24 * 3600000
local now = clock()
local now_ms = math.floor(now / 1000)
-- An entry without a record, as after a partial restore, would come first in each call, and its message can never be closed.
local expired, dangling = {}, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key.expiry, '-inf', now_ms, 'LIMIT', 0, arg.limit)) do
  local found = redis.call('HEXISTS', key.backlog, id) == 1 and expired or dangling
  found[#found + 1] = id
end

local removed = 0
local function remove(list, ids)
  for _, id in ipairs(ids) do
    redis.call('HDEL', key.failure_records, id)
    redis.call('ZREM', list, id)
    redis.call('ZREM', key.unacknowledged, id)
    -- Its record is gone, so a failed status finds no content any more.
    redis.call('ZREM', key.unconfirmed, id)
  end
  removed = removed + #ids
end
local cut = {}
for i, list in ipairs({ key.failed, key.resolved }) do
  remove(list, redis.call('ZRANGEBYSCORE', list, '-inf', now_ms - arg.retentionMs, 'LIMIT', 0, arg.limit))
  cut[i] = math.max(0, math.min(arg.limit, redis.call('ZCARD', list) - arg.cap))
  if cut[i] > 0 then remove(list, redis.call('ZRANGE', list, 0, cut[i] - 1)) end
end

-- A failed status is no longer likely.
local confirmed = redis.call('ZRANGEBYSCORE', key.unconfirmed, '-inf', now_ms, 'LIMIT', 0, arg.limit)
for _, id in ipairs(confirmed) do
  redis.call('ZREM', key.unconfirmed, id)
  if not redis.call('ZSCORE', key.resolved, id) then redis.call('HDEL', key.failure_records, id) end
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', key.windows, '-inf', now_ms - ACT_LIFE_MS, 'LIMIT', 0, arg.limit)) do
  redis.call('ZREM', key.windows, member)
end

-- As in include/daily.lua, and longer.
for _, member in ipairs(redis.call('ZRANGEBYSCORE', key.daily, '-inf', now_ms - ACT_LIFE_MS, 'LIMIT', 0, arg.limit)) do
  redis.call('ZREM', key.daily, member)
end

-- A TAT in the past has the same effect as none.
local idle = redis.call('ZRANGEBYSCORE', key.pair_tat, '-inf', now, 'LIMIT', 0, arg.limit)
for _, recipient in ipairs(idle) do redis.call('ZREM', key.pair_tat, recipient) end

-- An opt-in counts only against an older opt-out that the provider reports late. A random sample bounds the work and reaches all in time.
local sample = redis.call('HRANDFIELD', key.opt_outs, arg.limit, 'WITHVALUES')
for i = 1, #sample, 2 do
  if string.sub(sample[i], 1, 1) == '-' and (tonumber(sample[i + 1]) or 0) < now_ms - OPT_IN_LIFE_MS then
    redis.call('HDEL', key.opt_outs, sample[i])
  end
end

-- A campaign whose messages have all ended is kept as long as their failures; above the cap, until others need its place. In samples, as opt-ins.
if redis.call('EXISTS', key.campaigns) == 1 then
  --- @include counts
  prune_counts(now_ms)
end

if string.find(redis.call('HGET', key.sender, 'limits') or '', 'shares', 1, true) then
  --- @include end_shares
  end_shares(now)
end

for _, id in ipairs(dangling) do redis.call('ZREM', key.expiry, id) end
local present = math.floor(now_ms / 600000)
for _, span in ipairs(redis.call('ZRANGE', key.completed, 0, -1)) do
  if math.abs(span) < present - 24 * 6 or math.abs(span) > present then redis.call('ZREM', key.completed, span) end
end
return { 'pruned', expired, #idle, removed + #confirmed, cut[1], cut[2] }
