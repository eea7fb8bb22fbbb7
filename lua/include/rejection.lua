-- Why a message that cannot be granted now is rejected; `message` as in admit.lua. Reads only.

-- Returns a code or nil; and of a full backlog of its caller, when one of its messages will have ended, µs, if that is known. `effect`: of its
-- template or window (include/hold.lua). `unsettled`: messages of the sender. `waiting`: those of the pair that wait. `wait`: µs, -1 if no end is
-- known. `cap`: how many messages of its caller may be unsettled; nil for any number.
local function rejection_of(message, effect, scheduled_for, unsettled, waiting, wait, cap, now_ms)
  if effect == 'cancelled' then return 'CAMPAIGN_CANCELLED' end
  if effect == 'ended' then return 'WOULD_EXPIRE' end
  if effect == 'rejected' then return 'TEMPLATE_REJECTED' end
  if effect == 'closed' and not scheduled_for then return 'WINDOW_CLOSED' end
  if unsettled >= arg.backlogCap then return 'BACKLOG_FULL' end
  if cap then
    --- @include counts
    local own, drain = read_backlog(string.match(message.caller, '^[^*/]+'), now_ms)
    if own >= cap then return 'CALLER_BACKLOG_FULL', drain end
  end
  -- It joins its queue later.
  if scheduled_for then return nil end
  if waiting >= arg.queueCap then return 'RECIPIENT_QUEUE_FULL' end
  if message.whenLimited == 'reject' then return 'LIMITED' end
  if wait >= message.lifeMs * 1000 then return 'WOULD_EXPIRE' end
end
