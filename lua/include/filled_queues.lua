--- @include queue
-- The queues that are not empty. Most senders use one lane: a script that asks for a thousand recipients leaves the empty ones out.
local function filled_queues()
  local filled = {}
  for lane = 1, LANES do
    if redis.call('EXISTS', key.queue[lane]) == 1 then filled[#filled + 1] = key.queue[lane] end
  end
  return filled
end
