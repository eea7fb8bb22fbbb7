-- Ends what blocks a sender. Writes.

-- Removes the state that was there before a new one is written.
local function clear_block()
  redis.call('HDEL', key.sender, 'status', 'until', 'reason', 'since', 'probeIntervalUs')
end

-- Makes a paused or stopped sender active. `resumedAt`: a failure of an earlier attempt says nothing of the sender as it is now.
local function resume_sender(now)
  clear_block()
  redis.call('HSET', key.sender, 'resumedAt', now)
end
