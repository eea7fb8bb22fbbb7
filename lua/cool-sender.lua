#!lua flags=allow-oom
-- Starts a cool-down of a sender after Redis's clock has stepped forward: until its TATs, which are of the old time, have passed in any case.
--
-- Keys:
--   sender  hash  rules and state
--
-- Arguments:
--   now         µs  empty for Redis's clock
--   startingMs  ms  how long a grant of before may take to start
--
-- Returns:
--   cooling   untilUs   nothing is granted before
--   no_rules  -         no rules are written for this sender
--- @include clock
--- @include sender

local sender = read_sender()
if not sender then return { 'no_rules' } end
local longest = 0
for _, rate in ipairs({ sender.pair_rate, sender.full_rate or sender.sender_rate }) do longest = math.max(longest, rate.burst * rate.interval) end
local cool_until = clock() + longest + arg.startingMs * 1000
if cool_until > sender.cool_until then redis.call('HSET', key.sender, 'coolUntil', cool_until) end
return { 'cooling', math.max(cool_until, sender.cool_until) }
