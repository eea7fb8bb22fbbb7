-- Lanes by number: 1 urgent, 2 normal, 3 bulk.
local LANES = 3
