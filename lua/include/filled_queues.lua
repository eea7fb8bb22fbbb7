--- @include queue
-- The queues that are not empty. Most senders use one lane, so a script that reads the queues of many recipients skips the others.
local function filled_queues()
  local filled = {}
  for lane = 1, LANES do
    if redis.call('EXISTS', key.queue[lane]) == 1 then filled[#filled + 1] = key.queue[lane] end
  end
  return filled
end
