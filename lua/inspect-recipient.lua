#!lua flags=allow-oom
-- One pair: its bucket, its queue, and how long a new message would wait. Changes nothing.
--
-- Keys:
--   queue:<lane>  zset    messages that wait
--   ready:<lane>  zset    recipient -> when its head may be sent, µs
--   grants        hash    recipient -> grant
--   pair-tat      zset    recipient -> TAT, µs
--   sender-tat    string  TAT in µs, slots used
--   sender        hash    rules and state
--   windows       zset    recipient -> last act, ms
--   shares        hash    the callers of each lane, and their virtual times
--
-- Arguments:
--   now        µs      empty for Redis's clock
--   recipient  text    canonical
--   lane       number  1 to 3, of the new message
--
-- Returns:
--   pair      nowMs, waitUs, waitingFor, urgent, normal, bulk, isGranted?, tatUs, intervalUs, burst, window, actMs
--   no_rules  -
-- waitUs is -1 if no end is known; urgent, normal and bulk count the messages that wait; tatUs is 0 for none. window: open or closed, or unknown,
-- also where windows are not checked; actMs: when the recipient wrote or called last, 0 if that is not known.
--- @include clock
--- @include sender
--- @include queue
--- @include pair_tat
--- @include sender_tat
--- @include wait
--- @include window

local sender = read_sender()
if not sender then return { 'no_rules' } end
local now = clock()
local tat, counts, ahead = pair_tat_of(arg.recipient), {}, 0
for lane = 1, LANES do
  counts[lane] = count_queued(key.queue, arg.recipient, lane, lane)
  if lane <= arg.lane then ahead = ahead + counts[lane] end
end
local wait, waiting_for = estimate_wait(sender, arg.lane, now, tat, read_sender_tat(), ahead)
local now_ms = math.floor(now / 1000)
local act = act_of(arg.recipient)
local closed = is_closed(arg.recipient, false, now_ms)
local window = closed and 'closed' or is_open_by_record(arg.recipient, now_ms) and 'open' or 'unknown'
return {
  'pair', math.floor(now / 1000), wait, waiting_for, counts[1], counts[2], counts[3],
  redis.call('HEXISTS', key.grants, arg.recipient), tat, sender.pair_rate.interval, sender.pair_rate.burst, window, act
}
