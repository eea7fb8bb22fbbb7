#!lua
-- Puts a webhook to relay into the outbox, if callbacks are sent for this sender.
--
-- Keys:
--   outbox  list  changes that callbacks are due for
--   sender  hash  rules and state
--
-- Arguments:
--   now      µs     empty for Redis's clock
--   subject  text   `in:` and a hash of it: the same webhook has the same each time
--   type     word   of the callback
--   data     JSON   content to relay
--   cap      count  of changes in the outbox at most
--
-- Returns:
--   kept  -
--   off   -  no callbacks are sent for this sender
--   full  -  nothing was kept
--- @include clock
--- @include sender

local sender = read_sender()
if not sender or not sender.callbacks then return { 'off' } end
if redis.call('LLEN', key.outbox) >= arg.cap then return { 'full' } end
redis.call('RPUSH', key.outbox, arg.subject .. ' ' .. int(math.floor(clock() / 1000)) .. ' ' .. arg.type .. ' ' .. arg.data)
return { 'kept' }
