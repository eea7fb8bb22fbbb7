#!lua flags=allow-oom
-- Removes the last data of a sender that no node serves any more, once nothing of its messages is left. Until then it changes nothing.
--
-- Keys:
--   backlog            hash    id -> record of an unsettled message
--   queue:<lane>       zset    messages that wait
--   ready:<lane>       zset    recipient -> when its head may be sent, µs
--   grants             hash    recipient -> grant
--   pair-tat           zset    recipient -> TAT, µs
--   sender-tat         string  TAT in µs, slots used
--   seq                string  last number drawn for a queue
--   sender             hash    rules and state
--   inflight           zset    id -> lease end, µs
--   scheduled          zset    `number:id` -> ms
--   unknown            zset    id -> hold end, ms
--   failures           zset    id -> nextRetryAt, ms
--   retries            zset    id of a failure whose retry has begun -> when, ms
--   resolved           zset    id -> ms
--   failed             zset    id -> ms
--   unacknowledged     zset    id of a FAILED failure -> reason and ms
--   failure-records    hash    id -> record with its history
--   unconfirmed        zset    id of a sent message -> ms until which its record is kept
--   expiry             zset    id -> ms
--   completed          zset    ten minutes -> messages sent in them
--   parked             zset    status -> ms of the next attempt to match it
--   parked-bodies      hash    status -> ms of its arrival, and its content as JSON
--   outbox             list    changes that callbacks are due for
--   callbacks          hash    subject -> tries and events
--   callbacks-due      zset    subject -> ms of its first try
--   callbacks-retries  zset    subject -> ms of its next try
--   callbacks-since    zset    subject -> ms of its first event
--   opt-outs           hash    recipients that want no marketing
--   templates          hash    templates that are not sent now
--   suspended          zset    `group:number:id` of messages that wait outside of their queues
--   windows            zset    recipient -> last act, ms
--   campaigns          hash    campaign, or `~` and a caller -> counts of its messages
--   shares             hash    callers of each lane, and their virtual times
--   daily              zset    recipient -> when it was counted for the daily limit, ms
--   daily-queue        zset    recipient -> number of its first message that waits for the daily limit
--   campaign-starts    zset    campaign -> when the next of its messages are released, µs
--   drain-lease        string  the drain run of this sender
--   latest             list    ids of the newest messages
--
-- Arguments:
--   now      µs  empty for Redis's clock
--   afterMs  ms  how long no node has served it
--
-- Returns:
--   forgotten  -
--   in-use     -  a node has served it since, or it still has data
--- @include clock
--- @include lanes

local now_ms = math.floor(clock() / 1000)
local served_at = tonumber(redis.call('HGET', key.sender, 'servedAt') or nil)
if not served_at and redis.call('EXISTS', key.sender) == 1 then
  -- Its time begins now.
  redis.call('HSET', key.sender, 'servedAt', int(now_ms))
  return { 'in-use' }
end
if served_at and served_at > now_ms - arg.afterMs then return { 'in-use' } end
local left = redis.call('EXISTS', key.backlog, key.grants, key.pair_tat, key.inflight, key.scheduled, key.unknown, key.failures, key.retries,
  key.resolved, key.failed, key.unacknowledged, key.failure_records, key.unconfirmed, key.expiry, key.parked, key.outbox,
  key.callbacks, key.callbacks_due, key.callbacks_retries, key.callbacks_since, key.suspended, unpack(key.queue))
if left > 0 then return { 'in-use' } end
-- What is left concerns messages that are not sent any more, and recipients that no message reaches.
redis.call('UNLINK', key.sender, key.sender_tat, key.seq, key.opt_outs, key.templates, key.windows, key.campaigns, key.completed, key.drain_lease,
  key.parked_bodies, key.latest, key.shares, key.daily, key.daily_queue, key.campaign_starts, unpack(key.ready))
return { 'forgotten' }
