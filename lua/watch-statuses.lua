#!lua flags=allow-oom
-- Watches whether WhatsApp reports a status of the messages that it accepts from a sender, and puts the lane `bulk` on hold while it does not for
-- most of them. In doubt nothing is: with few messages, or where no statuses came within the last day. Notes for it, and for the metric, how many
-- messages were accepted until now.
--
-- Keys:
--   sender        hash    rules and state
--   unconfirmed   zset    id of a sent message -> ms until which its record is kept
--   completed     zset    ten minutes -> messages sent in them
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   drain-lease   string  the drain run of this sender
--
-- Arguments:
--   now     µs  empty for Redis's clock
--   mostMs  ms  longest hold; 0 to hold nothing, empty where no webhooks come
--
-- Returns:
--   watched   change, percent, accepted, wakeHint   change: begun, ended, or empty for none; percent: of the accepted messages without a status
--   off       change                                no webhooks come
--   no_rules  -                                     no rules are written for this sender
--- @include clock
--- @include sender
--- @include ready
--- @include limits
--- @include bulk_hold
--- @include wake_hint
--- @include status_counts

local SAMPLE_MS, DAY_MS = 30000, 86400000
local LEAST_ACCEPTED, MOST_PERCENT = 20, 50

local sender, now = read_sender(), clock()
if not sender then return { 'no_rules' } end
local now_ms = math.floor(now / 1000)
local samples, seen, hold = unpack(redis.call('HMGET', key.sender, 'statuses', 'statusesSeen', 'bulkHold'))
if not arg.mostMs then
  if samples then redis.call('HDEL', key.sender, 'statuses', 'statusesSeen', 'bulkHold') end
  set_limit('bulk', false)
  return { 'off', hold and 'ended' or '' }
end

local moments, texts = read_moments(samples, now_ms), {}
if #moments == 0 or now_ms - moments[#moments].at >= SAMPLE_MS then
  moments[#moments + 1] = { at = now_ms, count = accepted_in(math.floor(now_ms / SPAN_MS)) }
end
for i, moment in ipairs(moments) do texts[i] = int(moment.at) .. ':' .. int(moment.count) end

local accepted, missing = count_statuses(moments, now_ms)
local percent = accepted > 0 and math.floor(missing * 100 / accepted) or 0
local is_known = accepted >= LEAST_ACCEPTED
local is_missing = is_known and missing * 100 > MOST_PERCENT * accepted
if is_known and not is_missing then seen = now_ms end

local since, probe, until_ms = string.match(hold or '', '^(%d+) (%d+) (%d+)')
local change = ''
if since and (not is_missing or arg.mostMs == 0) then
  change = 'ended'
elseif since and now_ms >= tonumber(until_ms) then
  -- No status shows that webhooks of this sender still come here. So it begins again only after some have come.
  change, seen = 'ended', 0
elseif not since and is_missing and tonumber(seen or 0) > now_ms - DAY_MS and arg.mostMs > 0 then
  change, since, probe, until_ms = 'begun', int(now_ms), int(now + BULK_PROBE_US), int(now_ms + arg.mostMs)
end

redis.call('HSET', key.sender, 'statuses', table.concat(texts, ' '))
if arg.mostMs > 0 then redis.call('HSET', key.sender, 'statusesSeen', int(seen or 0)) else redis.call('HDEL', key.sender, 'statusesSeen') end
set_limit('bulk', since and change ~= 'ended')
if change ~= 'ended' then
  if since then redis.call('HSET', key.sender, 'bulkHold', since .. ' ' .. probe .. ' ' .. until_ms .. ' ' .. int(percent)) end
  return { 'watched', change, percent, accepted, '' }
end
redis.call('HDEL', key.sender, 'bulkHold')
return { 'watched', change, percent, accepted, wake_hint(first_ready(LANES, now), now, blocked(sender, now)) }
