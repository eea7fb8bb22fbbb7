#!lua flags=allow-oom
-- Writes the rules of a sender. A start writes only settings that differ from those that a start wrote last, so that nodes do not overwrite each
-- other's rules, and an operator's change stays until the settings change. An operator may leave out rules that are to stay. TATs that are not
-- past yet are converted, which takes about 3 s for a million pairs.
--
-- Keys:
--   sender        hash    rules and state
--   pair-tat      zset    recipient -> TAT, µs
--   sender-tat    string  TAT in µs, slots used
--   grants        hash    recipient -> grant
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--
-- Arguments:
--   now               µs    empty for Redis's clock
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
--   written    version
--   unchanged  version
--   no_rules   -         an operator's change of some rules where none are written
--- @include clock
--- @include sender
--- @include rule_change
--- @include sender_tat
--- @include adaptive_rate

local rules = {
  pairIntervalUs = arg.pairIntervalUs, pairBurst = arg.pairBurst, senderIntervalUs = arg.senderIntervalUs, senderBurst = arg.senderBurst,
  maxInFlight = arg.maxInFlight, perSecond = arg.perSecond
}
if arg.operator and redis.call('HEXISTS', key.sender, 'pairIntervalUs') == 0 then
  for _, value in pairs(rules) do
    if value == '' then return { 'no_rules' } end
  end
end
local last = redis.call('HMGET', key.sender, 'settings', 'version', 'rules')
local is_unchanged, is_packed = not arg.operator and last[1] == arg.settings, #(last[3] or '') >= 48
if is_unchanged and is_packed then return { 'unchanged', tonumber(last[2]) } end

local sender, now = read_sender(), clock()
if sender then
  local former_pair, former_rate = sender.pair_rate, sender.full_rate or sender.sender_rate
  local pair_rate = { interval = tonumber(rules.pairIntervalUs) or former_pair.interval, burst = tonumber(rules.pairBurst) or former_pair.burst }
  local rate = { interval = tonumber(rules.senderIntervalUs) or former_rate.interval, burst = tonumber(rules.senderBurst) or former_rate.burst }
  local counted = redis.call('ZRANGEBYSCORE', key.pair_tat, '(' .. int(now), '+inf', 'WITHSCORES')
  local granted, tat, slots = redis.call('HGETALL', key.grants), read_sender_tat()
  if tat > now then write_sender_tat(convert(tat, now, former_rate, rate), slots) end
  convert_pairs(counted, granted, now, former_pair, pair_rate)
end
if not is_unchanged then
  if not arg.operator then redis.call('HSET', key.sender, 'settings', arg.settings) end
  for field, value in pairs(rules) do
    if value ~= '' then redis.call('HSET', key.sender, field, value) end
  end
end
local version = redis.call('HINCRBY', key.sender, 'version', is_unchanged and 0 or 1)
-- For the scripts, see sender.lua. A sender of an older layout has none.
redis.call('HSET', key.sender, 'rules', struct.pack('>dddddd',
  unpack(redis.call('HMGET', key.sender, 'pairIntervalUs', 'pairBurst', 'senderIntervalUs', 'senderBurst', 'maxInFlight', 'version'))))
fit_reduced(read_sender())
return { is_unchanged and 'unchanged' or 'written', version }
