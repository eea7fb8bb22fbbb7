#!lua
-- Accepts messages, each once. A message with a known key is a duplicate. Any other one is granted if it may be sent at once; else it joins its
-- queue or the schedule, and its reply has the least wait. Idempotency record, place and payload of a message are written in one atomic step.
-- The messages of a call are processed in order, as if each had a call of its own, 1 µs after the previous one.
--
-- Keys:
--   backlog       hash    id -> record of an unsettled message
--   queue:<lane>  zset    messages that wait
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> TAT, µs
--   sender-tat    string  TAT in µs, slots used
--   seq           string  last number drawn for a queue
--   sender        hash    rules and state
--   inflight      zset    id -> lease end, µs
--   scheduled     zset    `number:id` -> ms
--   expiry        zset    id -> ms
--   drain-lease   string  the drain run of this sender
--   recent        zset    this hour's look-up index, lex `term:generation.digest`
--   opt-outs      hash    recipients that want no marketing
-- Keys per message:
--   msg           string  idempotency record of its digest
--
-- Arguments:
--   now           µs      empty for Redis's clock
--   runId         text    empty for Redis's own replication id
--   leaseMs       ms      life of a grant
--   queueCap      count   messages that may wait for one recipient
--   backlogCap    count   unsettled messages of the sender
--   findS         s       life of the look-up index
-- Arguments per message:
--   digest        text    of sender, caller and key
--   fingerprint   hex     of the content
--   recipient     text    canonical
--   lane          number  1 to 3: urgent, normal, bulk
--   payload       JSON    one line
--   inline        flag    the caller can start the send at once
--   whenLimited   word    wait or reject
--   lifeMs        ms      from now, or from the schedule
--   scheduledFor  ms      epoch; empty for now
--   windowMs      ms      how long the key is remembered
--   holder        text    node and call that a grant belongs to
--   terms         text    what the message can be found by, separated by spaces
--   marketing     flag    its recipient may have opted out
--
-- Returns: for each message
--   granted    generation
--   queued     generation, waitUs, waitingFor, position, wakeHint
--   scheduled  generation, waitUs
--   duplicate  generation          the first message's; inspect-message knows its state
--   reused     generation          same key, other content
--   lapsed     result              the key's window is over; call release-key with this compact result, then again
--   refused    code, waitUs
--   no_rules   -                   no rules are written for this sender
--   error      text                of the script itself
-- waitUs is -1 if no end is known.
--- @include batch
--- @include clock
--- @include restart
--- @include record
--- @include seq
--- @include evaluate
--- @include wake_hint
--- @include find_index

local now, lease_us = clock(), arg.leaseMs * 1000
local now_ms = math.floor(now / 1000)
local generation = string.format('%x', now_ms)
local sender = read_sender()
local new_run_id = sender and detect_restart(sender, now)
local state = load_state(field_of(messages, 'recipient'))
local unsettled = redis.call('HLEN', key.backlog)
local known = read_all(messages, 'msg', 'MGET')
local next_number = create_numbers(#messages)
local first_ready_at, reply_to_hint = math.huge, nil
-- Collected writes; at the end one command writes each kind for all messages. Numbers and ready times are written at once, since later
-- messages of the call read them.
local out = { msg = {}, backlog = {}, recent = {}, pair_tat = {}, grants = {}, inflight = {}, expiry = {}, scheduled = {}, queue = { {}, {}, {} } }

local function admit(m)
  -- 1 µs apart, so that ready times keep the order of the messages and each wait counts the messages before it.
  local message, at = messages[m], now + m - 1
  local recipient, lane, id = message.recipient, message.lane, message.digest .. '.' .. generation
  local repeated = known[message.msg] and repeat_of(known[message.msg], message, now_ms)
  if repeated then return repeated end
  if not sender then return { 'no_rules' } end
  local view = evaluate(state, sender, message, at, unsettled)
  if view.refused then return { 'refused', view.refused, view.wait } end
  local record = new_record(message, view.scheduled_for, now_ms)
  local mark = 'w ' .. generation .. ' ' .. message.fingerprint
  -- Drawn for a granted message too, which may be given back to its queue, and for a scheduled one, whose place among those of its moment it is.
  -- The first write for this message: an unused number leaves a gap.
  record.seq = next_number()
  local text = write_record(record)
  if view.scheduled_for then text = mark_scheduled(text) end

  -- From here on nothing may fail: load_state has read the keys of other types, and the batch size bounds every unpack.
  unsettled = unsettled + 1
  known[message.msg] = mark
  push(out.msg, message.msg, mark)
  push(out.backlog, id, text)
  -- The generation first, so that the entries of a term are in the order of admission.
  for term in string.gmatch(message.terms, '%S+') do push(out.recent, 0, term .. ':' .. generation .. '.' .. message.digest) end
  if view.scheduled_for then
    push(out.expiry, record.expires, id)
    push(out.scheduled, view.scheduled_for, scheduled_member_of(record, id))
    return { 'scheduled', generation, view.wait }
  end
  -- A grant needs no expiry: its lease ends it. grant_message advances view.pair.tat, which is written after it.
  if view.granted then
    push(out.grants, recipient, grant_message(state, sender, recipient, id, 1, at + lease_us, message.holder, at))
    push(out.pair_tat, view.pair.tat, recipient)
    push(out.inflight, at + lease_us, id)
    return { 'granted', generation }
  end
  push(out.expiry, record.expires, id)
  push(out.queue[lane], 0, member_of(record, id))
  local reply = { 'queued', generation, view.wait, view.waiting_for, view.ahead + 1, '' }
  local ready_at = enqueue(state, sender, recipient, lane, at)
  if ready_at and ready_at < first_ready_at then first_ready_at, reply_to_hint = ready_at, reply end
  return reply
end
local replies = reply_each(#messages, admit)

-- Also where nothing is accepted: otherwise each call would start the cool-down again, and a caller that only asks for a free slot would
-- never get one.
write_restart(sender, new_run_id)
if #out.msg == 0 then return replies end
redis.call('MSET', unpack(out.msg))
write_all('HSET', key.backlog, out.backlog)
index_terms(out.recent)
write_all('ZADD', key.pair_tat, out.pair_tat)
write_all('HSET', key.grants, out.grants)
write_all('ZADD', key.inflight, out.inflight)
if #out.grants > 0 then write_sender_tat(state.sender_tat, state.slots) end
write_all('ZADD', key.expiry, out.expiry)
write_all('ZADD', key.scheduled, out.scheduled)
for lane = 1, LANES do write_all('ZADD', key.queue[lane], out.queue[lane]) end
-- One hint for all: for the earliest ready time that this call has written.
if reply_to_hint then reply_to_hint[6] = wake_hint(first_ready_at, now, blocked(sender, now)) end
return replies
