--- @include clock
--- @include gate
--- @include wait
-- Decides how a new message is admitted. Reads only.

-- Returns `granted`, `scheduled_for` (ms) or `refused` (error code), and `wait` (µs) with `waiting_for`. `unsettled`: number of messages of the
-- sender.
local function evaluate(state, sender, message, now, unsettled)
  local now_ms = math.floor(now / 1000)
  local scheduled_for = message.scheduledFor and message.scheduledFor > now_ms and message.scheduledFor or nil
  local view = check_gate(state, sender, message.recipient, message.lane, now)
  view.scheduled_for, view.granted = scheduled_for, message.inline and view.open and not scheduled_for
  view.wait, view.waiting_for = 0, 'turn-in-queue'
  if scheduled_for then
    view.wait, view.waiting_for = (scheduled_for - now_ms) * 1000, 'schedule'
  elseif not view.granted then
    view.wait, view.waiting_for = estimate_wait(sender, message.lane, now, view.pair.tat, state.sender_tat, view.ahead)
  end
  if message.marketing and redis.call('HEXISTS', key.opt_outs, message.recipient) == 1 then
    view.refused, view.wait = 'RECIPIENT_OPTED_OUT', 0
  elseif view.granted then
    return view
  elseif unsettled >= arg.backlogCap then
    view.refused = 'BACKLOG_FULL'
  elseif view.ahead + view.below >= arg.queueCap then
    view.refused = 'RECIPIENT_QUEUE_FULL'
  elseif message.whenLimited == 'reject' and not scheduled_for then
    view.refused = 'LIMITED'
  elseif not scheduled_for and view.wait >= message.lifeMs * 1000 then
    view.refused = 'WOULD_EXPIRE'
  end
  return view
end

-- The record of an accepted message, without its number in the queue.
local function new_record(message, scheduled_for, now_ms)
  return {
    recipient = message.recipient, lane = message.lane, seq = 0, attempts = 0, stops = 0, body = message.payload, marketing = message.marketing,
    expires = (scheduled_for or now_ms) + message.lifeMs, keep = now_ms + message.windowMs
  }
end

-- The reply to a message with a known key: the generation of the first message, and whether this one repeats it. nil if the key is free: its window
-- is over, and the result of the first message is only kept for a while. `lapsed`: statuses of that may still arrive, so its result has to be moved.
local function repeat_of(text, message, now_ms)
  local letter, first, first_fingerprint, settled_ms = string.match(text, '^(%a) (%x+) (%x+) ?(%d*)')
  if letter ~= 'w' and now_ms >= math.max(tonumber(first, 16) + message.windowMs, (tonumber(settled_ms) or 0) + 60000) then
    return letter == 's' and { 'lapsed', text } or nil
  end
  -- 0: the fingerprint was lost before an operator reopened the message, so it cannot prove other content.
  return { (first_fingerprint == message.fingerprint or first_fingerprint == '0') and 'duplicate' or 'reused', first }
end
