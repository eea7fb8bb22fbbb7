--- @include gcra
--- @include sender
--- @include numbers
--- @include lanes
-- The least wait of a message with `ahead` others of its pair before it, in µs, and what it waits for; -1 if no end is known. `ready_at`: the
-- ready time of its pair if it is the head of a free pair, or nil. `unsettled`: messages of the sender, or nil. `share`: of the message, or nil; what
-- waits in other shares does not count, since they alternate. Reads only.
local function estimate_wait(sender, lane, now, tat, sender_tat, ahead, ready_at, unsettled, share)
  -- The full rate may be back before the message is sent.
  local pair_rate, sender_rate = sender.pair_rate, sender.full_rate or sender.sender_rate
  local wait, waiting_for = 0, 'turn-in-queue'
  local pair_wait = wait_for(tat, now, ahead, pair_rate)
  if pair_wait > 0 then
    -- Only a cool-down moves a TAT this far ahead; a grant never does.
    wait, waiting_for = pair_wait, tat - now > pair_rate.burst * pair_rate.interval and 'cool-down' or 'pair-rate'
  end
  -- Without a backlog the sender's rate is no limit, and those before this message need not be counted.
  if wait_for(sender_tat, now, unsettled or math.huge, sender_rate) > wait then
    local moment, earlier = ready_at or now + pair_wait, nil
    if sender.limits then
      --- @include shares
      earlier = count_share(sender, lane, share or '', moment)
    end
    earlier = earlier or redis.call('ZCOUNT', key.ready[lane], '-inf', '(' .. int(moment))
    local sender_wait = wait_for(sender_tat, now, earlier, sender_rate)
    -- A burst may last longer at the slower rate: then the first messages wait less than at the full one.
    if sender.full_rate then sender_wait = math.min(sender_wait, wait_for(sender_tat, now, earlier, sender.sender_rate)) end
    if sender_wait > wait then
      local is_cooling = sender_tat - now > sender.sender_rate.burst * sender.sender_rate.interval
      wait, waiting_for = sender_wait, is_cooling and 'cool-down' or sender.is_staged and 'outage' or 'sender-rate'
    end
  end
  -- The full rate is the lower bound. What it waits for is the stage of the half-open circuit, or the reduced rate.
  local is_slower = sender.full_rate and wait_for(sender_tat, now, 0, sender.sender_rate) > wait
  if sender.is_staged and (is_slower or waiting_for == 'turn-in-queue') then
    waiting_for = 'outage'
  elseif is_slower and waiting_for ~= 'cool-down' then
    waiting_for = 'sender-rate'
  end
  if sender.cool_until - now > wait then wait, waiting_for = sender.cool_until - now, 'cool-down' end
  local block, resumes_at = blocked(sender, now)
  local block_wait = block and (block == 'pause' and resumes_at and resumes_at - now or math.huge) or 0
  if block_wait > wait then
    wait, waiting_for = block_wait, block
  elseif lane == LANES and sender.limits and string.find(sender.limits, 'bulk', 1, true) then
    wait, waiting_for = math.huge, 'outage'
  end
  return wait == math.huge and -1 or math.ceil(wait), waiting_for
end
