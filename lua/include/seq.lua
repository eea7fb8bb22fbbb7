-- Numbers in the queue, drawn for `count` messages at once. An unused number leaves a gap, which does not affect the order.
-- Returns a function that returns the next one. Writes at its first call.
local function create_numbers(count)
  local last, drawn = nil, 0
  return function()
    last, drawn = last or redis.call('INCRBY', key.seq, count) - count, drawn + 1
    return last + drawn
  end
end
