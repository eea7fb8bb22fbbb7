-- Numbers for places in the queue, drawn for `count` messages at once: a number that is not used leaves a gap, which the order does not mind.
-- Returns a function that gives one. Writes at its first call.
local function create_numbers(count)
  local last, drawn = nil, 0
  return function()
    last, drawn = last or redis.call('INCRBY', key.seq, count) - count, drawn + 1
    return last + drawn
  end
end
