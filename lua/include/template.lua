--- @include numbers
--- @include limits
-- Templates of the sender's account that WhatsApp does not send now: the hash `templates`, template -> state. Of a template without an entry nothing
-- is known that stops it. The entry `*` stops all of them (include/template_stop.lua).

local ALL_TEMPLATES = '*'
-- In place of its hash: a template whose status is not read, marked since it counts for the daily limit.
local UNREAD = '!'
-- Callers may name templates that do not exist.
local MAX_TEMPLATES = 1000

-- `state`: paused; checking: paused until its status is read, at the latest until `until_us`; rejected; or releasing: it is sent again, and its
-- messages with a number above `code` still wait, so that none overtakes an older one; probing, of `*` only: the message `code` is sent. Of `#` and a
-- campaign: paused, cancelled, releasing, planned (include/campaign_plan.lua). `since`: when that was found, µs. Of a state whose end has passed
-- release-suspended.lua makes another.
local function read_template(text)
  local state, since, until_us, code, name = string.match(text or '', '^(%S+) (%d+) (%d+) (%S+) (.*)$')
  if not state then return nil end
  return { state = state, since = tonumber(since), until_us = tonumber(until_us), code = code, name = name }
end

-- The mark of a message says what scripts look at: the hash of its template; or, where it needs an open window, `=` and what to do without one: `r`
-- reject it, `w` wait until the person writes, `o` send the caller's template instead, whose hash follows if its status is read. `=c`: it needs none,
-- is no template, and counts for the daily limit. Returns plan and template; nil for either that it has not. Then follows `#` with the campaign, if
-- any, the third value.
local function read_mark(mark)
  if not mark then return nil end
  local before, campaign = string.match(mark, '^([^#]*)#(.+)$')
  local plan, template = string.match(before or mark, '^=(%a)(.*)$')
  if not plan then template = before or mark end
  return plan, template ~= '' and template or nil, campaign
end

-- Whether an entry holds the message with this number in its queue, nil for none yet.
local function is_holding(entry, seq)
  if not entry or not seq then return entry end
  return not (entry.state == 'releasing' and seq <= tonumber(entry.code) or entry.state == 'probing' and seq == tonumber(entry.code))
end

-- What a template does to a message: nil, `rejected`, or why it waits: `templates-stopped` or `template-paused`. Of a stop also what the template
-- alone does, and the entry of the stop. Reads only.
local function template_effect(template, seq)
  local own, all = unpack(redis.call('HMGET', key.templates, template, ALL_TEMPLATES))
  own = read_template(own)
  if own and own.state == 'rejected' then return 'rejected' end
  local own_effect = is_holding(own, seq) and 'template-paused' or nil
  if all and is_holding(read_template(all), seq) then return 'templates-stopped', own_effect, all end
  return own_effect
end

-- Writes that a template is paused, checking or rejected. Returns whether it is now written. Writes.
local function mark_template(template, state, until_us, code, name, now)
  local text = redis.call('HGET', key.templates, template)
  if not text and not string.match(template, '^[#*%%]') and redis.call('HLEN', key.templates) >= MAX_TEMPLATES then return false end
  local former = read_template(text)
  -- A check decides nothing about what is decided.
  if former and state == 'checking' and former.state ~= 'releasing' then return true end
  local since = former and former.state == state and former.since or now
  redis.call('HSET', key.templates, template, state .. ' ' .. int(since) .. ' ' .. int(until_us) .. ' ' .. code .. ' ' .. name)
  set_limit('templates', true)
  if template == ALL_TEMPLATES then set_limit('stop', state ~= 'releasing') end
  return true
end

-- The same by a code of an attempt, which may have begun before WhatsApp rejected the template: only its status ends that. Writes.
local function mark_by_code(template, state, until_us, code, name, now)
  return template_effect(template) == 'rejected' or mark_template(template, state, until_us, code, name, now)
end

-- What an attempt says of its template; bucket `template`. `settlement` stop: it is given back, and its template waits, with `cool_us` > 0 only
-- until its status is read; then a second such attempt of the message fails, since the template is not the cause. `failed`: the template is rejected.
-- `code_and_name`: code, name and language. Returns the settlement. Writes.
local function pass_template(record, settlement, cool_us, code_and_name, now)
  local code, name = string.match(code_and_name, '^(%S+) (.*)$')
  local _, template = read_mark(record and record.template)
  if not code or not template or template == UNREAD then return settlement == 'stop' and 'failed' or settlement end
  local state = settlement == 'failed' and 'rejected' or cool_us > 0 and 'checking' or 'paused'
  local is_marked = mark_by_code(template, state, state == 'checking' and now + cool_us or 0, code, name, now)
  if settlement ~= 'stop' then return settlement end
  if not is_marked or (state == 'checking' and record.stops > 0) then return 'failed' end
  if state == 'checking' then record.stops = record.stops + 1 end
  return 'wait'
end

-- What the failed status of an accepted message says of its template; the arguments are those of bounce.lua. Writes.
local function bounce_template(record, is_retried, now)
  local _, template = read_mark(record.template)
  if not template or template == UNREAD or arg.template == '' then return end
  local state = not is_retried and arg.reason == 'rejected' and 'rejected' or arg.coolMs > 0 and 'checking' or 'paused'
  mark_by_code(template, state, state == 'checking' and now + arg.coolMs * 1000 or 0, arg.code, arg.template, now)
end
