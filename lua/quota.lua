#!lua flags=allow-oom
-- Writes the rules in force for a sender. A start (`operator` 0) writes only settings that differ from those last written
-- by a start, so that nodes don't overrule each other and an operator's change stands until the settings change.
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
local sender_key = KEYS[1]
local operator, settings = ARGV[1] == '1', ARGV[2]
local pair_interval, pair_burst, flow_interval, flow_burst, places, per_second =
  tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])

if not operator then
  local last = redis.call('HMGET', sender_key, 'settings', 'version')
  if last[1] == settings then return { 'kept', tonumber(last[2]) } end
  redis.call('HSET', sender_key, 'settings', settings)
end
redis.call('HSET', sender_key, 'pairIntervalUs', pair_interval, 'pairBurst', pair_burst,
  'flowIntervalUs', flow_interval, 'flowBurst', flow_burst, 'maxInFlight', places, 'perSecond', per_second)
return { 'written', redis.call('HINCRBY', sender_key, 'version', 1) }
