--- @include numbers
-- Takes a message out of the count of sent ones, since it turned out not to be. What is taken out is counted as well, so that it stays known how many
-- were accepted (status_counts.lua). Writes.
local function uncount(sent_ms)
  local span = int(math.floor(sent_ms / 600000))
  local count = tonumber(redis.call('ZSCORE', key.completed, span) or nil)
  if not count then return end
  if count > 1 then
    redis.call('ZINCRBY', key.completed, -1, span)
  else
    redis.call('ZREM', key.completed, span)
  end
  redis.call('ZINCRBY', key.completed, 1, '-' .. span)
end
