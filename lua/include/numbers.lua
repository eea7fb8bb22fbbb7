-- A whole number as text. Concatenation alone would round 16 digits.
local function int(number)
  return string.format('%d', number)
end
