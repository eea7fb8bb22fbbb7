--- @include gcra
-- When a drain run claims next. Reads only.

-- From the first ready time that is left, math.huge for none: as soon as sender rate, cool-down and state of the sender allow it. `free`: places in
-- flight that are left.
local function next_claim(sender, sender_tat, first_at, free, block, resumes_at, now)
  if first_at == math.huge then return first_at end
  local next_at = math.max(first_at, earliest(sender_tat, sender.sender_rate), sender.cool_until)
  if block then next_at = math.max(next_at, resumes_at or math.huge) end
  -- At the limit in flight, a settlement wakes the drain run; this is the fallback.
  if free <= 0 then next_at = math.max(next_at, now + 100000) end
  return next_at
end
