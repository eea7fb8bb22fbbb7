#!lua flags=allow-oom
-- Writes the rules of a sender. A start writes only settings that differ from those that a start wrote last, so that nodes do not overwrite each
-- other's rules, and an operator's change stays until the settings change. An operator may leave out rules that are to stay.
--
-- Keys:
--   sender  hash  rules and state
--
-- Arguments:
--   operator          flag  an operator's change
--   settings          text  fingerprint of the settings; empty with an operator's change
--   pairIntervalUs    text  µs between two messages of a pair
--   pairBurst         text  messages that an idle pair may get at once
--   senderIntervalUs  text  µs between two messages of the sender
--   senderBurst       text  messages that an idle sender may send at once
--   maxInFlight       text  sends in flight at once, over all nodes
--   perSecond         text  the rate that the sender's interval and burst keep, for people
--
-- Returns:
--   written   version
--   kept      version
--   no_rules  -         an operator's change of some rules where none are written

local rules = {
  pairIntervalUs = arg.pairIntervalUs, pairBurst = arg.pairBurst, senderIntervalUs = arg.senderIntervalUs, senderBurst = arg.senderBurst,
  maxInFlight = arg.maxInFlight, perSecond = arg.perSecond
}
if arg.operator and redis.call('HEXISTS', key.sender, 'pairIntervalUs') == 0 then
  for _, value in pairs(rules) do
    if value == '' then return { 'no_rules' } end
  end
end
if not arg.operator then
  local last = redis.call('HMGET', key.sender, 'settings', 'version')
  if last[1] == arg.settings then return { 'kept', tonumber(last[2]) } end
  redis.call('HSET', key.sender, 'settings', arg.settings)
end
for field, value in pairs(rules) do
  if value ~= '' then redis.call('HSET', key.sender, field, value) end
end
return { 'written', redis.call('HINCRBY', key.sender, 'version', 1) }
