--- @include gcra
--- @include sender
--- @include numbers
-- The least wait of a message with `ahead` others of its pair before it, in µs, and what it waits for; -1 if no end is known. `ready_at`: the
-- ready time of its pair if it is the head of a free pair. Reads only.
local function estimate_wait(sender, lane, now, tat, sender_tat, ahead, ready_at)
  local wait, waiting_for = 0, 'turn-in-queue'
  local function extend(other, by)
    if other > wait then wait, waiting_for = other, by end
  end
  local pair_rate, sender_rate = sender.pair_rate, sender.sender_rate
  local pair_wait = wait_for(tat, now, ahead, pair_rate)
  -- Only a cool-down moves a TAT this far ahead; a grant never does.
  extend(pair_wait, tat - now > pair_rate.burst * pair_rate.interval and 'cool-down' or 'pair-rate')
  local earlier = redis.call('ZCOUNT', key.ready[lane], '-inf', '(' .. int(ready_at or now + pair_wait))
  local is_cooling = sender_tat - now > sender_rate.burst * sender_rate.interval
  extend(wait_for(sender_tat, now, earlier, sender_rate), is_cooling and 'cool-down' or 'sender-rate')
  extend(sender.cool_until - now, 'cool-down')
  local block, resumes_at = blocked(sender, now)
  if block then extend(block == 'pause' and resumes_at and resumes_at - now or math.huge, block) end
  return wait == math.huge and -1 or math.ceil(wait), waiting_for
end
