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
--
-- Returns:
--   queued  -
--   off     -  no callbacks are sent for this sender
--- @include clock
--- @include outbox
--- @include sender

local sender = read_sender()
if not sender or not sender.callbacks then return { 'off' } end
append_change(sender, arg.subject .. ' ' .. int(math.floor(clock() / 1000)) .. ' ' .. arg.type .. ' ' .. arg.data)
return { 'queued' }
