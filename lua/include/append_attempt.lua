--- @include history
-- Changes a record that its caller stores. Reads only.

-- What later scripts look for: the provider's id of an acceptance; whose lease expired, since that node may report the outcome after all;
-- that an unknown outcome uses up no attempt, since WhatsApp is down.
local function history_tag(message, settlement, is_spared)
  if settlement == 'sent' then return 'accepted=' .. string.match(message.resultSuffix, '^%S+ (%S+)') end
  if settlement ~= 'unknown' then return nil end
  return message.code == 'LEASE_EXPIRED' and 'lease=' .. message.holder or is_spared and 'outage'
end

-- Adds an attempt to the history of its message, unless it is given back. That a hold goes on is nothing new.
local function append_attempt(sender, message, record, settlement, lease, now_ms)
  if settlement == 'wait' or (settlement == 'unknown' and not lease) then return end
  local is_spared = message.bucket == 'outage' and (sender.probe_at or sender.is_staged)
  local history = message.history
  -- The circuit has made a retry of the last failure: nothing is exhausted.
  if settlement == 'retry' and message.settlement == 'failed' then history = string.gsub(history, ',"reason":"exhausted"', '', 1) end
  append_history(record, now_ms, history, history_tag(message, settlement, is_spared))
end
