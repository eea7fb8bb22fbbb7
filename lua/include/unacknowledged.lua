-- The unacknowledged FAILED failures are in one sorted set, to be counted by reason and age: the score is 1 to 4 for the reason, then 13 digits
-- of ms. Reads only.

local REASONS = { rejected = 1, exhausted = 2, expired = 3, unknown = 4 }

local function unacknowledged_score(reason, ms)
  return (REASONS[reason] or REASONS.rejected) * 10000000000000 + ms
end
