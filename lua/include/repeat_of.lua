--- @include new_result
-- The reply to a message with a known key: the generation of the first message, and whether this one repeats it. nil if the key is free: its window
-- is over, and the result of the first message is only kept to be found. `lapsed`: statuses of that may still arrive, so its result has to be moved.
-- Reads only.
local function repeat_of(text, message, now_ms)
  local letter, first, first_fingerprint, settled = string.match(text, '^(%a) (%x+) (%x+) ?(%d*)')
  local at = settled_at(first, settled) or 0
  if letter ~= 'w' and now_ms >= math.max(tonumber(first, 16) + message.windowMs, at + LEAST_LIFE) then
    return letter == 's' and now_ms < at + REPORTED_LIFE and { 'lapsed', text } or nil
  end
  -- 0: the fingerprint was lost before an operator reopened the message, so it cannot prove other content.
  return { (first_fingerprint == message.fingerprint or first_fingerprint == '0') and 'duplicate' or 'reused', first }
end
