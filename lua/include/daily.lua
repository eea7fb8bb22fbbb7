--- @include numbers
-- The daily limit: to how many people a sender may write outside of their windows in any 24 hours. The zset `daily` counts them: recipient -> when
-- the last such message was granted, ms. That moment, not the first one, keeps any 24 hours below the limit. The zset `daily-queue` has the people
-- who wait until another one counts no longer, in their order: recipient -> number of the first message that waits, in the group `+` and the
-- recipient of `suspended`. Only a person who waits gets what becomes free.

local DAY_MS = 24 * 3600000
-- Longer than a day: clocks differ, and a message starts after its grant.
local COUNTED_MS = DAY_MS + 300000
-- People who are counted where no limit is known, so that one that becomes known later holds at once. Above it the oldest are forgotten.
local MOST_COUNTED = 100000

-- The limit now, math.huge for none, and what sets it: own, whatsapp, portfolio, ramp, or none. Reads only.
local function daily_limit(now_ms)
  local settings, known, ramp, share = unpack(redis.call('HMGET', key.sender, 'dailyLimit', 'dailyKnown', 'dailyRamp', 'dailyShare'))
  local limit, reason = math.huge, 'none'
  local function bound(text, by)
    local number = tonumber(text)
    if number and number >= 0 and number < limit then limit, reason = number, by end
  end
  bound(string.match(settings or '', '^%-?%d+'), 'own')
  bound(string.match(known or '', '^%-?%d+'), 'whatsapp')
  bound(string.match(share or '', '^%S+ (%-?%d+)'), 'portfolio')
  local start, steps = string.match(ramp or '', '^(%d+)(.*)$')
  local day, last = start and math.max(0, math.floor((now_ms - tonumber(start)) / DAY_MS)), nil
  for step in string.gmatch(steps or '', '%d+') do
    if day == 0 then last = step end
    day = day - 1
  end
  bound(last, 'ramp')
  return limit, reason
end

-- The limit of the portfolio, as this sender knows it by its settings and from WhatsApp; math.huge for none. Reads only.
local function portfolio_limit(settings, known)
  local own, whatsapp = tonumber(string.match(settings or '', ' (%-?%d+)$')), tonumber(string.match(known or '', '^%-?%d+'))
  return math.min(own and own >= 0 and own or math.huge, whatsapp and whatsapp >= 0 and whatsapp or math.huge)
end

-- How many people are counted. Reads only.
local function daily_used(now_ms)
  return redis.call('ZCOUNT', key.daily, '(' .. int(now_ms - COUNTED_MS), '+inf')
end

-- Whether this person is counted. Reads only.
local function is_recipient_counted(recipient, now_ms)
  return tonumber(redis.call('ZSCORE', key.daily, recipient) or 0) > now_ms - COUNTED_MS
end

-- Whether the message with this number, nil for none yet, has to wait: an older one to the same person waits; or the person is not counted, and
-- others wait or none is free. Reads only.
local function has_to_wait(recipient, seq, now_ms)
  local first = tonumber(redis.call('ZSCORE', key.daily_queue, recipient) or nil)
  if first and (not seq or first < seq) then return true end
  if is_recipient_counted(recipient, now_ms) then return false end
  return redis.call('ZCARD', key.daily_queue) > (first and 1 or 0) or daily_used(now_ms) >= daily_limit(now_ms)
end

-- How long a person waits at least, µs; -1 if that is not known: a share of a portfolio may grow at any time. Reads only.
local function daily_wait(recipient, now_ms)
  local limit, reason = daily_limit(now_ms)
  if limit == math.huge or reason == 'portfolio' or reason == 'ramp' then return -1 end
  local rank = redis.call('ZRANK', key.daily_queue, recipient) or redis.call('ZCARD', key.daily_queue)
  local used = daily_used(now_ms)
  -- Behind a whole day's people: later than the last of these.
  local place = math.min(used - limit + rank, used - 1)
  if place < 0 then return 0 end
  local found = redis.call('ZRANGE', key.daily, '(' .. int(now_ms - COUNTED_MS), '+inf', 'BYSCORE', 'LIMIT', place, 1, 'WITHSCORES')
  return math.max(0, tonumber(found[2]) + COUNTED_MS - now_ms) * 1000
end

-- Counts a person to whom a message is granted, or who gets what has become free. Removes some who count no longer. Writes.
local function count_recipient(recipient, now_ms)
  redis.call('ZADD', key.daily, 'GT', int(now_ms), recipient)
  local past = redis.call('ZCOUNT', key.daily, '-inf', int(now_ms - COUNTED_MS))
  local excess = redis.call('ZCARD', key.daily) - MOST_COUNTED
  if excess > 0 and daily_limit(now_ms) < math.huge then excess = 0 end
  local removed = math.min(100, math.max(past, excess))
  if removed > 0 then redis.call('ZREMRANGEBYRANK', key.daily, 0, removed - 1) end
end

-- Gives what is free to the people who wait, at most to `most` of them: `release` returns their messages to their queues. `gives`: false while the
-- sender sends nothing, since what is given counts. Writes.
local function give_free(most, gives, release, now_ms)
  if not gives then return end
  local free = math.min(most, daily_limit(now_ms) - daily_used(now_ms))
  if free <= 0 then return end
  for _, recipient in ipairs(redis.call('ZRANGE', key.daily_queue, 0, free - 1)) do
    if release(recipient) > 0 then count_recipient(recipient, now_ms) end
  end
end

-- What inspect-sender.lua returns of it: limit and what sets it, when the first person counts no longer, portfolio, and what WhatsApp says; and how
-- many count. Reads only.
local function describe_daily(now_ms)
  local limit, reason = daily_limit(now_ms)
  local first = redis.call('ZRANGE', key.daily, '(' .. int(now_ms - COUNTED_MS), '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  local known, share = unpack(redis.call('HMGET', key.sender, 'dailyKnown', 'dailyShare'))
  return {
    string.format('%d %s %d %s %s', limit == math.huge and -1 or limit, reason, first[2] and tonumber(first[2]) + COUNTED_MS or 0,
      string.match(share or '-', '^%S+'), known or '-'),
    daily_used(now_ms)
  }
end
