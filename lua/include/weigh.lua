-- What may become of one message; reads only. `look` is gate's; `unsettled` the sender's messages so far; caps are counts.
-- Needs: clock, gcra, sender, line, promise, gate.

-- The place of a new message: who waits before it, whether it is granted or scheduled, and else how long it waits and what binds; or why it is refused.
local function weigh(look, sender, message, now, unsettled, line_cap, backlog_cap)
  local now_ms = math.floor(now / 1000)
  local schedule = message.schedule and message.schedule > now_ms and message.schedule or nil
  local seen = gate(look, sender, message.recipient, message.lane, now)
  seen.schedule, seen.granted, seen.wait, seen.bound = schedule, message.inline and seen.open and not schedule, 0, 'turn-in-queue'
  if schedule then
    seen.wait, seen.bound = (schedule - now_ms) * 1000, 'schedule'
  elseif not seen.granted then
    seen.wait, seen.bound = promise(sender, look.key.turns[message.lane], now, seen.pair.tat, look.flow_tat, seen.ahead)
  end
  if message.marketing and redis.call('HEXISTS', look.key.opt_outs, message.recipient) == 1 then
    seen.refused, seen.wait = 'RECIPIENT_OPTED_OUT', 0
  elseif seen.granted then
    return seen
  elseif unsettled >= backlog_cap then
    seen.refused = 'BACKLOG_FULL'
  elseif seen.ahead + seen.below >= line_cap then
    seen.refused = 'RECIPIENT_QUEUE_FULL'
  elseif message.rejects and not schedule then
    seen.refused = 'LIMITED'
  elseif not schedule and seen.wait >= message.life * 1000 then
    seen.refused = 'WOULD_EXPIRE'
  end
  return seen
end

-- The record of a message that is admitted.
local function new_record(message, seen, now_ms, seq)
  return {
    recipient = message.recipient, lane = message.lane, seq = seq, attempts = 0, stops = 0,
    expires = (seen.schedule or now_ms) + message.life, keep = now_ms + message.window, marketing = message.marketing, body = message.payload
  }
end

-- What the idempotency record says to a message of the same key: the first one's generation, and whether this is its repeat.
local function repeat_of(text, fingerprint)
  local first, first_fingerprint = string.match(text, '^%a (%x+) (%x+)')
  -- 0: lost before an operator reopened the message; it is no proof of other content.
  return { (first_fingerprint == fingerprint or first_fingerprint == '0') and 'duplicate' or 'reused', first }
end
