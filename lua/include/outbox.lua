--- @include numbers
-- The changes that callbacks are due for. Writes.

-- Bound of the outbox, and of the subjects in `callbacks`. The default is for a sender whose `callbacks` an older version enabled.
local function callback_cap()
  return tonumber(redis.call('HGET', key.sender, 'callbackCap') or nil) or 1000000
end

-- Appends a change to the outbox. Above the cap the oldest are dropped and counted: nothing else bounds the list while no dispatcher runs.
local function append_change(sender, item)
  sender.callback_cap = sender.callback_cap or callback_cap()
  local excess = redis.call('RPUSH', key.outbox, item) - sender.callback_cap
  if excess <= 0 then return end
  redis.call('LTRIM', key.outbox, excess, -1)
  redis.call('HINCRBY', key.sender, 'callbacksDropped', excess)
end

-- A change of a message in the outbox: id, time, the new result, and after a tab the history entry (JSON), if any.
local function outbox_item(id, now_ms, result, history)
  return id .. ' ' .. int(now_ms) .. ' ' .. result .. (history ~= '' and '\t' .. history or '')
end
