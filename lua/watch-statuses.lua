#!lua flags=allow-oom
-- Watches whether WhatsApp reports a status of the messages that it accepts from a sender, and puts the lane `bulk` on hold while it does not for
-- most of them. In doubt nothing is: with few messages, or where no statuses came within the last day. Begins and ends the watch by the settings.
--
-- Keys:
--   sender        hash    rules and state
--   unconfirmed   zset    id of a sent message -> ms until which its record is kept
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   drain-lease   string  the drain run of this sender
--
-- Arguments:
--   now     µs  empty for Redis's clock
--   mostMs  ms  longest hold; 0 to watch nothing
--
-- Returns:
--   watched   change, percent, accepted, wakeHint   change: begun, ended, or empty for none; percent: of the accepted messages without a status
--   off       change                                nothing is watched
--   no_rules  -                                     no rules are written for this sender
--- @include clock
--- @include sender
--- @include ready
--- @include limits
--- @include bulk_hold
--- @include wake_hint

-- The messages that count were accepted 2 to 12 minutes ago, as for the alert. Their records are kept for 15 minutes.
local FROM_MS, TO_MS, KEPT_MS = 720000, 120000, 900000
local SAMPLE_MS, DAY_MS = 30000, 86400000
local LEAST_ACCEPTED, MOST_PERCENT = 20, 50

local sender, now = read_sender(), clock()
if not sender then return { 'no_rules' } end
local now_ms = math.floor(now / 1000)
local accepted, samples, seen, hold = unpack(redis.call('HMGET', key.sender, 'accepted', 'statuses', 'statusesSeen', 'bulkHold'))
if arg.mostMs == 0 then
  if samples then redis.call('HDEL', key.sender, 'accepted', 'statuses', 'statusesSeen', 'bulkHold') end
  set_limit('statuses', false)
  set_limit('bulk', false)
  return { 'off', hold and 'ended' or '' }
end

-- How many messages had been accepted at moments of the past: `<ms>:<count>`, the oldest first.
accepted = tonumber(accepted or 0)
local moments = {}
for at, count in string.gmatch(samples or '', '(%d+):(%d+)') do
  if tonumber(at) >= now_ms - FROM_MS and tonumber(at) <= now_ms then moments[#moments + 1] = { at = tonumber(at), count = tonumber(count) } end
end
if #moments == 0 or now_ms - moments[#moments].at >= SAMPLE_MS then moments[#moments + 1] = { at = now_ms, count = accepted } end
local first, last, texts = moments[1], moments[1], {}
for i, moment in ipairs(moments) do
  if moment.at <= now_ms - TO_MS then last = moment end
  texts[i] = int(moment.at) .. ':' .. int(moment.count)
end

local counted = last.count - first.count
local missing = math.min(counted, redis.call('ZCOUNT', key.unconfirmed, int(first.at + KEPT_MS), '(' .. int(last.at + KEPT_MS)))
local percent = counted > 0 and math.floor(missing * 100 / counted) or 0
local is_known = counted >= LEAST_ACCEPTED
local is_missing = is_known and missing * 100 > MOST_PERCENT * counted
if is_known and not is_missing then seen = now_ms end

local since, probe, until_ms = string.match(hold or '', '^(%d+) (%d+) (%d+)')
local change = ''
if since and not is_missing then
  change = 'ended'
elseif since and now_ms >= tonumber(until_ms) then
  -- No status shows that webhooks of this sender still come here. So it begins again only after some have come.
  change, seen = 'ended', nil
elseif not since and is_missing and tonumber(seen or 0) > now_ms - DAY_MS then
  change, since, probe, until_ms = 'begun', int(now_ms), int(now + BULK_PROBE_US), int(now_ms + arg.mostMs)
end

redis.call('HSET', key.sender, 'accepted', int(accepted), 'statuses', table.concat(texts, ' '))
if seen then redis.call('HSET', key.sender, 'statusesSeen', int(seen)) else redis.call('HDEL', key.sender, 'statusesSeen') end
set_limit('statuses', true)
set_limit('bulk', since and change ~= 'ended')
if change ~= 'ended' then
  if since then redis.call('HSET', key.sender, 'bulkHold', since .. ' ' .. probe .. ' ' .. until_ms .. ' ' .. int(percent)) end
  return { 'watched', change, percent, counted, '' }
end
redis.call('HDEL', key.sender, 'bulkHold')
return { 'watched', change, percent, counted, wake_hint(first_ready(LANES, now), now, blocked(sender, now)) }
