-- Redis's own time in µs. A test may hand in a moment; production hands in ''.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- A whole number as text: concatenation alone would round 16 digits.
local function int(number)
  return string.format('%d', number)
end
