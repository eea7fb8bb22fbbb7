#!lua
-- Accepts messages, each once. One with a known key is a duplicate. Any other is granted if it may be sent at once; else it joins its queue or the
-- schedule, and its reply has a lower bound of its wait. Idempotency record, queue entry and payload are written in one atomic step. Messages of a
-- call are processed in order, as if each had its own call, 1 µs after the previous one: so ready times keep their order.
--
-- Keys:
--   backlog       hash    id -> record of an unsettled message
--   queue:<lane>  zset    messages that wait
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> theoretical arrival time (TAT) of GCRA, µs
--   sender-tat    string  TAT in µs, slots granted so far
--   seq           string  last number drawn
--   sender        hash    rules and state
--   inflight      zset    id -> lease end, µs
--   scheduled     zset    `number:id` -> ms
--   expiry        zset    id -> ms
--   drain-lease   string  the drain run of this sender
--   index         hash    this hour's look-up index, prefix of a term -> entries `term:number`
--   accepted      list    messages of this hour in their order, digest and end of the generation
--   opt-outs      hash    recipients that want no marketing
--   templates     hash    templates, and `#` and campaigns, that are not sent now
--   suspended     zset    `group:number:id` of messages that wait outside of their queues
--   windows       zset    recipient -> last act, ms
--   campaigns     hash    campaign, or `~` and a caller -> counts of its messages
--   shares        hash    the callers of each lane, and their virtual times
--   daily         zset    recipient -> when it was counted for the daily limit, ms
--   daily-queue   zset    recipient -> number of its first message that waits for the daily limit
-- Keys per message:
--   msg           string  idempotency record of its digest
--
-- Arguments:
--   now           µs      empty for Redis's clock
--   runId         text    empty for Redis's own replication id
--   leaseMs       ms      life of a grant
--   queueCap      count   messages that may wait for one recipient; scheduled ones may exceed it when they join
--   backlogCap    count   unsettled messages of the sender; what is granted is accepted up to `maxInFlight` above it
--   findS         s       life of the look-up index
-- Arguments per message:
--   digest        text    of sender, caller and key
--   fingerprint   hex     of the content
--   recipient     text    canonical, without a space or a colon
--   lane          number  1 to 3: urgent, normal, bulk
--   laneDefault   flag    it names no lane: that of its campaign takes precedence, if it has one
--   payload       JSON    one line
--   inline        flag    it may be granted now, since the caller can start it; without the flag it is queued
--   whenLimited   word    wait, or reject: it is granted now or rejected
--   lifeMs        ms      from now, or from the schedule
--   scheduledFor  ms      epoch; nil for now
--   windowMs      ms      how long the key is remembered; of a repeat its own value decides
--   holder        text    node and call that a grant belongs to, without a space
--   terms         text    what the message can be found by, separated by spaces
--   marketing     flag    its recipient may have opted out
--   template      text    mark of its template, need of an open window and campaign (include/template.lua); empty for none
--   caller        text    its name, `*` with its weight unless that is 1, `/` with the messages of it that may be unsettled; empty for a single one
--
-- Returns: for each message
--   granted    generation, lane, replaced?, wakeHint
--   queued     generation, lane, waitUs, waitingFor, position, wakeHint
--   scheduled  generation, lane, waitUs, wakeHint
--   duplicate  generation, wakeHint  the first message's; inspect-message knows its state
--   reused     generation, wakeHint  same key, other content
--   lapsed     result, wakeHint    it was sent, and the key's window is over; call release-key with this compact result, then admit again
--   rejected   code, waitUs, wakeHint  RECIPIENT_OPTED_OUT, or as in include/rejection.lua; waitUs: as if without a schedule
--   no_rules   -                   no rules are written for this sender
--   error      text                of the script itself
-- waitUs: -1 if no end is known; of WINDOW_CLOSED since when. waitingFor: as in src/message.ts, without schedule and retry.
--- @include batch
--- @include clock
--- @include seq
--- @include store_message
--- @include pair
--- @include is_open
--- @include restart
--- @include grant_message
--- @include wait
--- @include rejection
--- @include wake_hint
local now = clock()
local now_ms, generation = math.floor(now / 1000), string.format('%x', math.floor(now / 1000))
local sender, unsettled, sender_tat, slots = read_sender(), redis.call('HLEN', key.backlog), read_sender_tat() -- every tenth slot: lower lanes
local next_number, has_granted, first_ready_at, first_reply = create_numbers(#messages), false, math.huge, nil -- drawn at first use
if sender and redis.call('ZCOUNT', key.scheduled, '-inf', int(now_ms)) > 0 then
  --- @include join_queues
  first_ready_at = join_before_others(sender, now)
end
local function admit(m)
  local message, at = messages[m], now + m - 1
  local recipient, lane, cap, share = message.recipient, message.lane, nil, nil
  local known = redis.call('GET', message.msg)
  if known then
    --- @include repeat_of
    local repeated = repeat_of(known, message, now_ms)
    if repeated then return repeated end
  end
  if not sender then return { 'no_rules' } end
  if message.caller ~= '' or message.template ~= '' and string.find(message.template, '#', 1, true) then
    --- @include shares
    cap, share = meet_share(sender, message, now)
  end
  if message.marketing and redis.call('HEXISTS', key.opt_outs, recipient) == 1 then return { 'rejected', 'RECIPIENT_OPTED_OUT', 0 } end
  local effect, suspended, suspended_us, blocked_by, on_grant = nil, 0, nil, nil, nil -- of its template, campaign, window, the daily limit or a rate
  if sender.limits and (message.template ~= '' or string.find(sender.limits, 'rates', 1, true)) then
    --- @include hold
    lane, effect, suspended, suspended_us, blocked_by, on_grant = hold_new(sender, message, now)
  end
  -- A pair is busy with a grant, which has no ready time, or with a queue, whose head has one.
  local tat, is_granted, ready_lane = read_pair(recipient)
  local is_busy, granted, ahead, waiting, wait, waiting_for = is_granted or ready_lane, false, 0, 0, nil, nil
  local scheduled_for = message.scheduledFor and message.scheduledFor > now_ms and message.scheduledFor or nil
  if is_busy then
    --- @include queue
    ahead = count_queued(key.queue, recipient, 1, lane)
    waiting = ahead + count_queued(key.queue, recipient, lane + 1, LANES)
  elseif message.inline and not scheduled_for and (not effect or effect == 'replace') and unsettled < arg.backlogCap + sender.max_in_flight then
    cool_after_restart(sender, now) -- it may set sender.cool_until
    granted = is_open(sender, sender_tat, slots, lane, tat, at)
  end
  if not granted then
    if scheduled_for then wait = math.max(0, scheduled_for * 1000 - at)
    elseif effect and effect ~= 'replace' then wait, waiting_for = suspended_us, blocked_by
    else wait, waiting_for = estimate_wait(sender, lane, at, tat, sender_tat, ahead, nil, unsettled, share) end
    local rejection, drain = rejection_of(message, effect, scheduled_for, unsettled, waiting + suspended, wait, cap, now_ms)
    if rejection then
      if drain then wait = drain elseif scheduled_for then wait = estimate_wait(sender, lane, at, tat, sender_tat, ahead, nil, nil, share) end
      return { 'rejected', rejection, wait }
    end
  end
  -- From here on nothing may fail. A granted message draws a number too: it may be given back. So does a scheduled one, to order those of a moment.
  local record, id, expires = store_message(message, lane, generation, next_number(), scheduled_for, now_ms)
  unsettled = unsettled + 1
  if granted then
    grant_message(sender, recipient, id, 1, message.holder, tat, at, on_grant)
    sender_tat, slots, has_granted = advance(sender_tat, at, sender.sender_rate), slots + 1, true
    return { 'granted', generation, lane, effect and 1 or 0 } -- without an expiry entry: a settlement that gives it back adds it
  end
  redis.call('ZADD', key.expiry, int(expires), id)
  if scheduled_for then return { 'scheduled', generation, lane, wait } end
  redis.call('ZADD', key.queue[lane], '0', member_of(record, id))
  local reply = { 'queued', generation, lane, wait, waiting_for, ahead + 1 }
  local ready_at = enqueue(sender, recipient, lane, tat, is_granted, ready_lane, at, record)
  if ready_at and ready_at < first_ready_at then first_ready_at, first_reply = ready_at, reply end
  return reply
end
local replies = reply_each(#messages, admit)
if has_granted then write_sender_tat(sender_tat, slots) end
if #new_messages > 0 then write_index() end
-- One hint for all that this call has put into queues; of scheduled messages that joined, it stands in the first reply, whatever that is.
if first_ready_at < math.huge then table.insert(first_reply or replies[1], wake_hint(first_ready_at, now, blocked(sender, now))) end
return replies
