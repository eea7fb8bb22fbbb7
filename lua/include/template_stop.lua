--- @include template
-- The stop of all templates of a sender, as WhatsApp orders for payment, quality or policy: the entry `*` of the hash `templates`, whose name has
-- the code that stopped them, the time from probe to probe, µs, and `all` once WhatsApp has rejected one into an open window, too. `checking`:
-- another sender of the account met the stop. Other messages go on.

-- Spam: WhatsApp restricts what a number sends to people who have not written to it.
local SPAM = '131048'

-- Whether the stop with this entry concerns only people whose window is not surely open.
local function is_sparing(text)
  return string.match(text, ' ' .. SPAM .. ' %d+$')
end

local function read_stop()
  local entry = read_template(redis.call('HGET', key.templates, ALL_TEMPLATES))
  if entry then entry.reason, entry.probe_us, entry.scope = string.match(entry.name, '^(%S+) (%d+) ?(%S*)$') end
  return entry
end

-- Stops them until `until_us`, when a probe follows; 0 for no end but an operator's. Writes.
local function stop_templates(reason, until_us, probe_us, now, scope)
  mark_template(ALL_TEMPLATES, 'paused', until_us, reason, reason .. ' ' .. int(probe_us) .. (scope == 'all' and ' all' or ''), now)
end

-- The bucket of a template that WhatsApp rejected by such a code: `templates`, or `sender` for a message that no stop of templates would hold, since
-- it was accepted when the statuses of templates were not read.
local function stop_bucket_of(record)
  local _, template = read_mark(record and record.template)
  return template and 'templates' or 'sender'
end

-- The same of a message of settle.lua, which gets it.
local function set_stop_bucket(record, message)
  message.bucket = stop_bucket_of(record)
  return message.bucket
end

-- The attempt of a template was rejected by such a code. `at`: when it was granted, µs. Returns whether it stops what was sent: neither a probe
-- does, nor an attempt of before the stop. Writes.
local function pass_stop(code, probe_us, at, now)
  local entry = read_stop()
  if entry and (entry.state == 'paused' or entry.state == 'checking' or at < entry.since) then
    -- Granted since then, it went into an open window: WhatsApp rejects these as well.
    if entry.reason == SPAM and entry.scope == '' and at >= entry.since then
      mark_template(ALL_TEMPLATES, 'paused', entry.until_us, entry.code, entry.name .. ' all', now)
    end
    return false
  end
  if at < tonumber(redis.call('HGET', key.sender, 'resumedAt') or 0) then return false end
  stop_templates(code, probe_us > 0 and now + probe_us or 0, probe_us, now, entry and entry.scope)
  return not entry or entry.state == 'releasing'
end

-- A message was accepted: if it was a probe or another template, the stop is over, and what waits is released. A reply is no proof, nor is a template
-- that an open window let pass. Writes.
local function end_stop(record, granted_at, now)
  local plan, template = read_mark(record and record.template)
  local entry = template and read_stop()
  if entry and entry.state == 'probing' and granted_at >= entry.since and
    (not plan and entry.reason ~= SPAM or record.seq == tonumber(entry.code)) then
    -- None is released yet: the next of a pair must not pass older ones that wait.
    mark_template(ALL_TEMPLATES, 'releasing', 0, '0', entry.name, now)
    redis.call('HSET', key.sender, 'resumedAt', int(now))
  end
end

-- The time of the stop is over: the oldest message that waits is its probe, for a minute. Without one the stop ends, and the next message shows
-- whether WhatsApp sends again. `release` returns a place in `suspended` to its queue. Returns the new entry, or nil. Writes.
local function begin_probe_of_stop(stop, release, now)
  local first = redis.call('ZRANGEBYLEX', key.suspended, '[*:', '(*;', 'LIMIT', 0, 1)[1]
  if not first then return nil end
  release(first)
  mark_template(ALL_TEMPLATES, 'probing', now + 60000000, string.match(first, ':(%d+):'), stop.name, now)
  return read_stop()
end
