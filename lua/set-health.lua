#!lua flags=allow-oom
-- Writes what WhatsApp says of the health of a sender's number, its account and its business. A cause that is new stops what it concerns, once: what
-- has ended that stop since, a success or an operator, is the better evidence. A cause that is gone ends the stop that it has made, and no other one.
--
-- Keys:
--   sender        hash    rules and state
--   templates     hash    template -> why it is not sent
--   suspended     zset    `group:number:id` of messages that wait outside of their queues
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   drain-lease   string  the drain run of this sender
--
-- Arguments:
--   now    µs    empty for Redis's clock
--   facts  text  what WhatsApp says, JSON; empty to forget it
--   scope  word  what the cause stops: sender, templates, or none
--   cause  word  its name, or `-`
--
-- Returns:
--   written  stopped, ended, wakeHint   what was stopped, and what goes on: sender, templates, or empty
--- @include clock
--- @include ready
--- @include wake_hint
--- @include stop_until
--- @include template_stop
--- @include end_template

local HOUR_US = 3600000000

local now = clock()
local status, reason, health = unpack(redis.call('HMGET', key.sender, 'status', 'reason', 'health'))
local former = string.match(health or '', '^%d+ (%S+)') or '-'
local handled, stopped, ended, hint = arg.cause, '', '', ''
local stop = read_stop()
if former ~= '-' and former ~= arg.cause then
  if status == 'stopped' and reason == former then
    resume_sender(now)
    status, ended, hint = nil, 'sender', wake_hint(earliest_ready(now), now)
  end
  if stop and stop.reason == former and stop.state ~= 'releasing' then
    end_template(ALL_TEMPLATES, stop, stop.name, now)
    ended = 'templates'
    stop = read_stop()
  end
end
if arg.cause ~= '-' and arg.cause ~= former then
  if arg.scope == 'sender' and status == 'paused' then
    -- A stopped sender would be probed, and resumed without the operator. The next read stops it.
    handled = '-'
  elseif arg.scope == 'sender' and not status then
    stop_until(arg.cause, nil, now)
    stopped = 'sender'
  elseif arg.scope == 'templates' and not stop then
    stop_templates(arg.cause, now + HOUR_US, HOUR_US, now)
    stopped = 'templates'
  elseif arg.scope == 'templates' and stop.state == 'releasing' then
    handled = '-'
  end
end
if arg.facts == '' then
  redis.call('HDEL', key.sender, 'health')
else
  redis.call('HSET', key.sender, 'health', int(math.floor(now / 1000)) .. ' ' .. handled .. ' ' .. arg.facts)
end
return { 'written', stopped, ended, hint }
