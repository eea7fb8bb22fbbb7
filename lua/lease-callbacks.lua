#!lua flags=allow-oom
-- Leases callbacks that are due, one event of a subject at a time, so that events of one subject are delivered in order. First moves what is
-- in the outbox to its subjects. Above the sender's `callbackCap` the oldest subjects that are not leased are dropped.
--
-- Keys:
--   outbox             list  changes that callbacks are due for
--   callbacks          hash  subject -> tries and events
--   callbacks-due      zset  subject without a failed try -> ms; of a leased one, the end of the lease
--   callbacks-retries  zset  subject with a failed try -> ms
--   callbacks-since    zset  subject -> ms of its first event
--   sender             hash  rules and state
--
-- Arguments:
--   now         µs      empty for Redis's clock
--   limit       count   of subjects leased at most
--   retryLimit  count   of subjects with a failed try among them at most
--   probe       number  empty for the oldest first. From 0 and below 1: any, chosen by this number, without a failed try if there is one
--   leaseMs     ms      for how long
--   moveLimit   count   of changes moved out of the outbox at most
--
-- Returns:
--   leased       nowMs, dueMs, retryMs, left, dropped, callbacks[]
--   callbacks[]  subject, leaseEndMs, tries, event
-- dueMs, retryMs: when the first of callbacks-due and callbacks-retries is due, or 0. left: changes that are still in the outbox. dropped:
-- changes dropped since the last call, by the scripts that append to the outbox as well.
--- @include clock
--- @include callback
--- @include outbox

-- Subjects that may be leased and older than the first that may be dropped: more than the dispatchers of some nodes have in flight.
local LEASED_AT_MOST = 500
local now_ms = math.floor(clock() / 1000)
local items = redis.call('LRANGE', key.outbox, 0, arg.moveLimit - 1)
local waiting, cap = redis.call('HLEN', key.callbacks), callback_cap()
local counted = redis.call('HGET', key.sender, 'callbacksDropped')
local dropped = tonumber(counted or 0)
local oldest, nth = nil, 0

-- A leased subject stays: the next event of its message must not overtake the one in flight.
local function drop_oldest()
  oldest = oldest or redis.call('ZRANGE', key.callbacks_since, 0, arg.moveLimit + LEASED_AT_MOST - 1)
  while nth < #oldest do
    nth = nth + 1
    local subject = oldest[nth]
    if tonumber(redis.call('ZSCORE', key.callbacks_due, subject) or 0) <= now_ms then
      local events = is_relayed(subject) and 1 or select(2, string.gsub(redis.call('HGET', key.callbacks, subject) or '', '\n', ''))
      redis.call('HDEL', key.callbacks, subject)
      for _, set in ipairs({ key.callbacks_due, key.callbacks_retries, key.callbacks_since }) do redis.call('ZREM', set, subject) end
      waiting, dropped = waiting - 1, dropped + events
      return true
    end
  end
  return false
end

for _, item in ipairs(items) do
  local subject, event = string.match(item, '^(%S+) (%d.*)$')
  local text = subject and redis.call('HGET', key.callbacks, subject)
  if not subject then
    dropped = dropped + 1
  elseif text then
    -- A repeated webhook is relayed once.
    if not is_relayed(subject) then redis.call('HSET', key.callbacks, subject, text .. '\n' .. event) end
  else
    while waiting >= cap and drop_oldest() do end
    if waiting >= cap then
      dropped = dropped + 1
    else
      waiting = waiting + 1
      redis.call('HSET', key.callbacks, subject, '0\n' .. event)
      redis.call('ZADD', key.callbacks_due, math.min(now_ms, moment_of(event)), subject)
      redis.call('ZADD', key.callbacks_since, moment_of(event), subject)
    end
  end
end
if #items > 0 then redis.call('LTRIM', key.outbox, #items, -1) end
if counted then redis.call('HDEL', key.sender, 'callbacksDropped') end

-- Up to `limit` subjects of a set that are due: the first, or for a probe any.
local function due_in(set, limit)
  local due = redis.call('ZCOUNT', set, '-inf', now_ms)
  local count = math.min(limit, due)
  if count <= 0 then return {} end
  local first = arg.probe and math.floor(arg.probe * (due - count + 1)) or 0
  return redis.call('ZRANGE', set, first, first + count - 1)
end

local leased = {}
local function lease(subjects)
  for _, subject in ipairs(subjects) do
    local tries, event = first_event(subject, redis.call('HGET', key.callbacks, subject))
    redis.call('ZREM', key.callbacks_retries, subject)
    if tries then
      redis.call('ZADD', key.callbacks_due, now_ms + arg.leaseMs, subject)
      leased[#leased + 1] = { subject, now_ms + arg.leaseMs, tries, event }
    else
      -- Only damage, or an older version, which knows no callbacks-retries, leaves an entry without its events.
      redis.call('ZREM', key.callbacks_due, subject)
      redis.call('ZREM', key.callbacks_since, subject)
    end
  end
end
-- Retries have slots of their own, so neither waits for the other. A probe asks whether the receiver is up: a callback that it has not
-- rejected yet is the better question.
if arg.probe then lease(due_in(key.callbacks_due, arg.limit)) end
lease(due_in(key.callbacks_retries, math.min(arg.retryLimit, arg.limit - #leased)))
if not arg.probe then lease(due_in(key.callbacks_due, arg.limit - #leased)) end

local function first_of(set)
  local first = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')
  return first[1] and tonumber(first[2]) or 0
end
return { 'leased', now_ms, first_of(key.callbacks_due), first_of(key.callbacks_retries), redis.call('LLEN', key.outbox), dropped, leased }
