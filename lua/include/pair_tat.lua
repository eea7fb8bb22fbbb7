-- The pair's bucket: its TAT in µs, 0 for none.
local function pair_tat_of(recipient)
  return tonumber(redis.call('ZSCORE', key.pair_tat, recipient) or 0)
end
