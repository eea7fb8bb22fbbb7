--- @include free_pair
-- Corrects a ready time that contradicts queue, pair-tat and grants. `since`: from when on the pair's head is one of a free pair. Writes.
local function repair_ready(sender, recipient, since)
  if redis.call('HEXISTS', key.grants, recipient) == 0 then return free_pair(sender, recipient, since) end
  for lane = 1, LANES do redis.call('ZREM', key.ready[lane], recipient) end
end
