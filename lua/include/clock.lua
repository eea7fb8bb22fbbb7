--- @include numbers
-- Redis's own time in µs; a test passes its own time instead.
local function clock()
  local passed = arg.now
  if passed then return passed end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
