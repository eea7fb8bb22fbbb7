#!lua flags=allow-oom
-- Writes the limit of messages per second that WhatsApp has set for a number, which bounds its sender rate; or that WhatsApp has rejected a message
-- for it and does not say which one.
--
-- Keys:
--   sender      hash    rules and state
--   sender-tat  string  TAT in µs, slots used
--
-- Arguments:
--   now         µs     empty for Redis's clock
--   step        word   node: read from WhatsApp; webhook: the number was upgraded; rejected; off: limits are not read
--   level       word   name of the limit; empty for none, and with rejected
--   perSecond   count  the limit; empty for none
--   intervalUs  µs     its bucket; empty for none
--   burst       count  of its bucket; empty for none
--   number      text   digits of the phone number, by which webhooks name it; empty if they are not known
--
-- Returns:
--   written   wasLower?, isLower?   whether the limit that was known is lower than the rule, and whether the one known now is
--   rejected  -
--   no_rules  -
--- @include clock
--- @include numbers
--- @include sender
--- @include adaptive_rate
--- @include gcra
--- @include sender_tat

local sender, now = read_sender(), clock()
if not sender then return { 'no_rules' } end
if arg.step == 'rejected' then
  -- Which message was rejected is not known: within ten seconds of a rejection it says nothing new.
  local cool_us = reduce_rate(sender, now - 10000000, 1000000, now)
  local tat, slots = read_sender_tat()
  write_sender_tat(cooled(tat, now + cool_us, sender.full_rate or sender.sender_rate), slots)
  return { 'rejected' }
end

local function is_lower()
  local read = read_sender()
  return bound_of(read).interval > (read.full_rate or read.sender_rate).interval and 1 or 0
end

local was_lower, former = is_lower(), redis.call('HGET', key.sender, 'ceiling') or ''
-- Meta no longer shows HIGH in its samples. After an upgrade STANDARD may be all that a number's node ever says.
local is_upgraded = string.match(former, ' HIGH webhook ') and arg.step == 'node' and arg.level == 'STANDARD'
if arg.number ~= '' then redis.call('HSET', key.sender, 'number', arg.number) end
if arg.step == 'off' or not (arg.perSecond or is_upgraded) then
  redis.call('HDEL', key.sender, 'ceiling')
elseif not is_upgraded then
  redis.call('HSET', key.sender, 'ceiling', string.format('%d %d %d %s %s %d', arg.perSecond, arg.intervalUs, arg.burst, arg.level, arg.step,
    math.floor(now / 1000)))
end
fit_reduced(read_sender())
return { 'written', was_lower, is_lower() }
