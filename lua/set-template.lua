#!lua flags=allow-oom
-- Writes what is known of a template, or that nothing stops it any more. Evidence that is older than what is written changes nothing.
--
-- Keys:
--   templates  hash  template -> why it is not sent
--   suspended  zset  `template:number:id` of messages that wait for their template
--   sender     hash  rules and state
--
-- Arguments:
--   now       µs    empty for Redis's clock
--   template  text  hashed name and language; or `*` for all templates of the sender
--   state     word  paused, checking, rejected, or approved
--   atMs      ms    when the evidence was found; empty for now
--   untilMs   ms    when it ends by itself, or a probe follows for `*`; empty for no end
--   code      word  WhatsApp's code or status, or `operator`
--   name      text  name and language; of `*` the code that stops them and the time from probe to probe, µs
--
-- Returns:
--   written    had?   whether it was paused, checking or rejected before
--   unchanged  -      newer evidence stands, or a thousand templates are written already
--- @include clock
--- @include template
--- @include end_template

local now = clock()
local at = arg.atMs and arg.atMs * 1000 or now
local former = read_template(redis.call('HGET', key.templates, arg.template))
if former and former.since > at then return { 'unchanged' } end
if arg.state == 'approved' then
  end_template(arg.template, former, arg.name, now)
elseif not mark_template(arg.template, arg.state, (arg.untilMs or 0) * 1000, arg.code, arg.name, now) then
  return { 'unchanged' }
end
return { 'written', former and 1 or 0 }
