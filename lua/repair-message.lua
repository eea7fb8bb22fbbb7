#!lua flags=allow-oom
-- Repairs one contradiction in what is stored of a message, if it is still there. A message that may have been in flight becomes one of
-- unknown outcome, so that it is never sent again against its policy.
--
-- Keys:
--   msg              string  idempotency record of this digest
--   backlog          hash    id -> record of an unsettled message
--   queue:<lane>     zset    messages that wait
--   grants           hash    recipient -> grant
--   inflight         zset    id -> lease end, µs
--   scheduled        zset    `number:id` -> ms
--   unknown          zset    id -> hold end, ms
--   failures         zset    id -> nextRetryAt, ms
--   retries          zset    id of a failure whose retry has begun -> when, ms
--   resolved         zset    id -> ms
--   failed           zset    id -> ms
--   failure-records  hash    id -> record with its history
--   expiry           zset    id -> ms
--   unacknowledged   zset    id of a FAILED failure -> reason and ms
--   unconfirmed      zset    id of a sent message -> ms until which its record is kept
--   suspended        zset    `group:number:id` of messages that wait outside of their queues
--   seq              string  last number drawn for a queue
--   ready:<lane>     zset    recipient -> when its head may be sent, µs
--   pair-tat         zset    recipient -> TAT, µs
--   sender           hash    rules and state
--   daily-queue      zset    recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now         µs      empty for Redis's clock
--   id          text    of the message
--   lane        number  of an entry of a queue that names it, 1 to 3, of the schedule, 0, or of `suspended`, 4; empty for none
--   member      text    that entry
--   kind       word    a name of include/diagnose_message.lua
--   rememberMs  ms      how long the key is remembered, from admission
--   history     JSON    what is written into the history of a message without a place
--
-- Returns:
--   repaired  -
--   gone      -     the contradiction is no longer there
--   left      why   it cannot be repaired safely
--- @include clock
--- @include history
--- @include sender
--- @include diagnose_message
--- @include free_pair

local id, kind, now = arg.id, arg.kind, clock()
local now_ms = math.floor(now / 1000)
local kinds, found = diagnose_message(id, key.msg, arg.lane, arg.lane and arg.member, now_ms, arg.rememberMs)
if not kinds[kind] then return { 'gone' } end
local record, sender = found.record, read_sender()
local is_in_queue = arg.lane and arg.lane ~= 0 and arg.lane ~= SUSPENDED
local recipient = record and record.recipient or is_in_queue and string.match(arg.member, '^[^:]+')
local zsets = { unknown = key.unknown, failures = key.failures }

-- Removes the message from one of its places, and corrects the ready time of a free pair.
local function leave(place)
  if zsets[place] then return redis.call('ZREM', zsets[place], id) end
  if place == 'scheduled' then return redis.call('ZREM', key.scheduled, scheduled_member_of(record, id)) end
  if place == 'suspended' then return leave_suspended(record, id, 'rates') end
  for lane = 1, LANES do
    if record and (place == 'queue') == (lane == record.lane) then redis.call('ZREM', key.queue[lane], member_of(record, id)) end
  end
  if redis.call('HEXISTS', key.grants, recipient) == 0 then free_pair(sender, recipient, now) end
end

local function keep_until_window_ends()
  redis.call('PEXPIRE', key.msg, int(math.max(60000, tonumber(generation_of(id), 16) + arg.rememberMs - now_ms)))
end

local function forget_failure()
  for _, zset in ipairs({ key.resolved, key.failed, key.unconfirmed, key.unacknowledged }) do redis.call('ZREM', zset, id) end
  redis.call('HDEL', key.failure_records, id)
end

local function leave_places(from)
  for i = from, #found.places do leave(found.places[i]) end
end

local repairs = {
  unreadable = function() return 'its record cannot be read: report it' end,
  unplaced = function()
    if is_marked_scheduled(redis.call('HGET', key.backlog, id)) then return 'its scheduled time is lost: cancel it, or let it expire' end
    if record.attempts > 0 then redis.call('ZADD', key.retries, 'NX', now_ms, id) end
    record.attempts = record.attempts + 1
    append_history(record, now_ms, arg.history)
    redis.call('HSET', key.backlog, id, format_record(record))
    redis.call('ZADD', key.expiry, record.expires, id)
    redis.call('ZADD', key.unknown, now_ms, id)
  end,
  -- The first place is the one that is safest to keep.
  two_places = function()
    if not sender then return 'the sender has no rules: start a node first' end
    if record then return leave_places(2) end
    if not found.result then return 'its outcome is lost' end
    local is_failed = string.match(found.result.letter, '[fe]')
    redis.call('ZREM', is_failed and key.resolved or key.failed, id)
    if not is_failed then redis.call('ZREM', key.unacknowledged, id) end
  end,
  settled_and_waiting = function()
    if not found.result then return forget_failure() end
    if found.grant then return 'it is in flight: run the doctor again after its lease' end
    if not sender then return 'the sender has no rules: start a node first' end
    leave_places(1)
    redis.call('ZREM', key.retries, id)
    redis.call('HDEL', key.backlog, id)
    redis.call('ZREM', key.expiry, id)
  end,
  stop_unlisted = function() redis.call('ZADD', key.suspended, '0', stop_member_of(record, id)) end,
  number_ahead = function() redis.call('SET', key.seq, int(record.seq)) end,
  retry_unlisted = function() redis.call('ZADD', key.retries, now_ms, id) end,
  listed_without_retry = function() redis.call('ZREM', key.retries, id) end,
  mark_missing = function() mark_unsettled(key.msg, id, nil) end,
  mark_expires = function() redis.call('PERSIST', key.msg) end,
  without_expiry = function() redis.call('ZADD', key.expiry, record.expires, id) end,
  entry_without_record = function()
    if not sender then return 'the sender has no rules: start a node first' end
    if arg.lane then
      redis.call('ZREM', is_in_queue and key.queue[arg.lane] or arg.lane == 0 and key.scheduled or key.suspended, arg.member)
    end
    if not record then for _, zset in pairs(zsets) do redis.call('ZREM', zset, id) end end
    if recipient and redis.call('HEXISTS', key.grants, recipient) == 0 then free_pair(sender, recipient, now) end
  end,
  expiry_without_record = function() redis.call('ZREM', key.expiry, id) end,
  mark_without_record = keep_until_window_ends,
  result_without_ttl = keep_until_window_ends,
  failure_without_record = forget_failure,
  orphaned_failure = forget_failure,
  orphaned_reason = function() redis.call('ZREM', key.unacknowledged, id) end,
  lease_without_grant = function() redis.call('ZREM', key.inflight, id) end,
  grant_without_lease = function() redis.call('ZADD', key.inflight, found.grant.lease_end, id) end
}
local why = repairs[kind]()
return why and type(why) == 'string' and { 'left', why } or { 'repaired' }
