--- @include numbers
-- The customer service window: a person who writes to a number or calls it opens the window of this number for 24 hours. Outside of it WhatsApp
-- accepts only templates. The zset `windows` has recipient -> last act, ms; `-recipient` -> start of the last attempt that WhatsApp rejected for a
-- closed window; and `?p`, `?u` -> last act of a person whose number, or whose user id, is not known.
-- A window that is not stored is closed only if no webhook can be missing. So the field `windows` of :sender has `<since> <last> <due>`: since when
-- none is missing, the last one, and when the first message was sent since then, whose status is due; ms, or 0.

local WINDOW_MS = 24 * 3600000
-- Clocks differ, and webhooks take time.
local MARGIN_MS = 300000
-- A status follows within seconds.
local STATUS_MS = 600000
-- People of a sender whose windows are known. Above it the oldest are forgotten.
local MAX_WINDOWS = 1000000

-- What is known of webhooks; nil where windows are not checked. `gap`: longest silence that is not taken for a loss, ms. Reads only.
local function read_coverage()
  local text, gap = unpack(redis.call('HMGET', key.sender, 'windows', 'windowGapMs'))
  local since, last, due = string.match(text or '', '^(%d+) (%d+) (%d+)$')
  if not gap then return nil end
  return { since = tonumber(since) or math.huge, last = tonumber(last) or 0, due = tonumber(due) or 0, gap = tonumber(gap) }
end

local function write_coverage(since, last, due)
  redis.call('HSET', key.sender, 'windows', int(since) .. ' ' .. int(last) .. ' ' .. int(due))
end

-- Whether webhooks may have been lost since the last one.
local function is_silent(coverage, now_ms)
  return now_ms - coverage.last > coverage.gap or (coverage.due > 0 and now_ms - coverage.due > STATUS_MS)
end

-- A moment in the zset, ms; 0 for none. Reads only.
local function act_of(member)
  return tonumber(redis.call('ZSCORE', key.windows, member) or 0)
end

-- Whether the window is surely closed, and the person's last act, ms, 0 for none. `is_known`: WhatsApp has rejected this very message for it, so
-- that it needs no other proof than that nothing was recorded since. Reads only.
local function is_closed(recipient, is_known, now_ms)
  local coverage = read_coverage()
  if not coverage then return false end
  local act, rejected_at = act_of(recipient), act_of('-' .. recipient)
  local is_rejected = rejected_at > 0 and act <= rejected_at - MARGIN_MS
  if is_rejected and is_known then return true, act end
  if is_silent(coverage, now_ms) then return false end
  local horizon = now_ms - WINDOW_MS - MARGIN_MS
  if is_rejected then horizon = math.max(horizon, rejected_at) end
  return coverage.since <= horizon and act <= horizon and act_of('?' .. string.sub(recipient, 1, 1)) <= horizon, act
end

-- How long ago it was closed, µs, by the last act; -1 if that is not known.
local function closed_for(act, now_ms)
  return act > 0 and math.max(0, now_ms - WINDOW_MS - act) * 1000 or -1
end

-- Whether the window was open at that moment by what is recorded. Reads only.
local function is_open_by_record(recipient, at_ms)
  return act_of(recipient) > at_ms - WINDOW_MS + MARGIN_MS
end

-- A message was accepted, so that a webhook is due. Writes.
local function expect_status(now_ms)
  local since, last, due = string.match(redis.call('HGET', key.sender, 'windows') or '', '^(%d+) (%d+) (%d+)$')
  if due == '0' then write_coverage(tonumber(since), tonumber(last), now_ms) end
end

-- Notes that WhatsApp rejected an attempt for a closed window. What was recorded as an act before has not opened it. Writes.
local function close_window(recipient, rejected_ms)
  if act_of(recipient) <= rejected_ms then redis.call('ZREM', key.windows, recipient) end
  redis.call('ZADD', key.windows, 'GT', int(rejected_ms), '-' .. recipient)
end
