--- @include queue
--- @include numbers
--- @include sender
-- Whether a message of this lane may be granted at `now`, to a pair without grant or queue. Reads only.
local function is_open(sender, sender_tat, slots, lane, tat, now)
  if blocked(sender, now) or sender.cool_until > now or earliest(tat, sender.pair_rate) > now
    or earliest(sender_tat, sender.sender_rate) > now or redis.call('ZCARD', key.inflight) >= sender.max_in_flight then
    return false
  end
  local bulk_waits = sender.limits and string.find(sender.limits, 'bulk', 1, true)
  if bulk_waits and lane == LANES then return false end
  -- It must not overtake ready messages of its own or a higher lane, nor take a slot that is reserved for the lower lanes.
  for place = 1, LANES do
    local l = lane_at(slots + 1, place)
    if not (bulk_waits and l == LANES) and redis.call('ZCOUNT', key.ready[l], '-inf', int(now)) > 0 then return false end
    if l == lane then return true end
  end
end
