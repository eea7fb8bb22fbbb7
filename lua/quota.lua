#!lua flags=allow-oom
-- Writes the rules in force for a sender. A start (`operator` 0) writes only settings that differ from those last written
-- by a start, so that nodes don't overrule each other and an operator's change stands until the settings change. An
-- operator may leave out what is to stay.
--
-- KEYS[1]   sender  hash  rules and state
--
-- ARGV[1]   operator        0 or 1  1: an operator's change
-- ARGV[2]   settings        text    fingerprint of the settings; '' with an operator's change
-- ARGV[3]   pairIntervalUs  µs      between two messages of a pair
-- ARGV[4]   pairBurst       count   messages that an idle pair may get at once
-- ARGV[5]   flowIntervalUs  µs      between two messages of the sender
-- ARGV[6]   flowBurst       count   messages that an idle sender may send at once
-- ARGV[7]   maxInFlight     count   sends under way at once, over all nodes
-- ARGV[8]   perSecond       count   the rate that the flow's interval and burst keep, for people
--
-- Returns:
--   {'written', version} or {'kept', version}
--   {'unruled'}   an operator's change of some rules where none are written
local sender_key = KEYS[1]
local operator, settings = ARGV[1] == '1', ARGV[2]
local given = {
  pairIntervalUs = ARGV[3], pairBurst = ARGV[4], flowIntervalUs = ARGV[5], flowBurst = ARGV[6], maxInFlight = ARGV[7], perSecond = ARGV[8]
}

if operator and redis.call('HEXISTS', sender_key, 'pairIntervalUs') == 0 then
  for _, value in pairs(given) do
    if value == '' then return { 'unruled' } end
  end
end
if not operator then
  local last = redis.call('HMGET', sender_key, 'settings', 'version')
  if last[1] == settings then return { 'kept', tonumber(last[2]) } end
  redis.call('HSET', sender_key, 'settings', settings)
end
for field, value in pairs(given) do
  if value ~= '' then redis.call('HSET', sender_key, field, value) end
end
return { 'written', redis.call('HINCRBY', sender_key, 'version', 1) }
