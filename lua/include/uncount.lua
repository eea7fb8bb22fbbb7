--- @include numbers
-- Takes a message out of the count of sent ones, since it turned out not to be. Writes.
local function uncount(sent_ms)
  local span = int(math.floor(sent_ms / 600000))
  local count = tonumber(redis.call('ZSCORE', key.completed, span) or nil)
  if count and count > 1 then
    redis.call('ZINCRBY', key.completed, -1, span)
  elseif count then
    redis.call('ZREM', key.completed, span)
  end
end
