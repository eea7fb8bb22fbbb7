-- How long a message waits at least with `ahead` others of its pair before it, in µs, and what binds; -1 where no end is
-- known. `turn` is its pair's turn where it is the head of a free pair. Reads only. Needs: clock, gcra, sender.
local function promise(sender, turns, now, tat, flow_tat, ahead, turn)
  local delay, bound = 0, 'turn-in-queue'
  local function bind(wait, by)
    if wait > delay then delay, bound = wait, by end
  end
  local pair_wait = wait_for(tat, now, ahead, sender.pair)
  -- No grant leaves a TAT this far ahead; only a cool-down does.
  bind(pair_wait, tat - now > sender.pair.burst * sender.pair.interval and 'cool-down' or 'pair-rate')
  local earlier = redis.call('ZCOUNT', turns, '-inf', '(' .. int(turn or now + pair_wait))
  bind(wait_for(flow_tat, now, earlier, sender.flow), flow_tat - now > sender.flow.burst * sender.flow.interval and 'cool-down' or 'sender-rate')
  bind(sender.cool_until - now, 'cool-down')
  local shut, reopens = closed(sender, now)
  if shut then bind(shut == 'pause' and reopens and reopens - now or math.huge, shut) end
  return delay == math.huge and -1 or math.ceil(delay), bound
end
