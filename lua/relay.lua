#!lua
-- Puts something to be relayed into the outbox, if anything is to be told of this sender.
--
-- KEYS[1]   outbox  list  changes that somebody is to be told of
-- KEYS[2]   sender  hash  rules and state
--
-- ARGV[1]   now      µs     '' for Redis's clock
-- ARGV[2]   subject  text   `in:` and a hash of it: the same thing told twice has the same
-- ARGV[3]   type     word   of the callback
-- ARGV[4]   data     JSON   what is relayed
-- ARGV[5]   cap      count  of changes in the outbox at most
--
-- Returns:
--   {'kept'}
--   {'off'}   nothing is told of this sender
--   {'full'}  nothing was kept
--- @include clock
--- @include sender
local outbox, sender_key = KEYS[1], KEYS[2]
local given, subject, kind, data, cap = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local sender = read_sender(sender_key)
if not sender or not sender.tells then return { 'off' } end
if redis.call('LLEN', outbox) >= cap then return { 'full' } end
redis.call('RPUSH', outbox, subject .. ' ' .. int(math.floor(clock(given) / 1000)) .. ' ' .. kind .. ' ' .. data)
return { 'kept' }
