--- @include gcra
--- @include grant
--- @include lanes
-- TATs are counted in intervals of the rules in force. A change of the rules converts every TAT that is not past yet, so that no script ever
-- counts what a pair has sent by one interval, and what it may send ahead by another. Writes.

-- A TAT under another rate. As many messages as before are still counted, each by the new interval: a part of one counts as a whole one where the
-- interval becomes longer. Above a burst it is a cool-down, which stays as long as it is. What waits does not start earlier than before.
local function convert(tat, now, former, rate)
  if tat <= now then return tat end
  local counted = math.min(former.burst, (tat - now) / former.interval)
  if rate.interval > former.interval then counted = math.ceil(counted) end
  local converted, waits_until = math.ceil(tat + counted * (rate.interval - former.interval)), earliest(tat, former)
  return waits_until > now and cooled(converted, waits_until, rate) or converted
end

-- Converts the TATs of all pairs, those that grants keep, and the ready times that follow from them. `counted` and `granted`: what is stored of
-- them. A thousand at a time, since a command takes some thousands of arguments.
local function convert_pairs(counted, granted, now, former, rate)
  local is_waiting = {}
  for lane = 1, LANES do is_waiting[lane] = redis.call('ZCARD', key.ready[lane]) > 0 end
  for from = 1, #counted, 2000 do
    local tats, ready_times = {}, {}
    for at = from, math.min(from + 1999, #counted), 2 do
      local recipient, tat = counted[at], convert(tonumber(counted[at + 1]), now, former, rate)
      local n, ready_at = #tats, earliest(tat, rate)
      tats[n + 1], tats[n + 2] = int(tat), recipient
      if ready_at > now then
        n = #ready_times
        ready_times[n + 1], ready_times[n + 2] = int(ready_at), recipient
      end
    end
    redis.call('ZADD', key.pair_tat, unpack(tats))
    for lane = 1, LANES do
      if is_waiting[lane] and #ready_times > 0 then redis.call('ZADD', key.ready[lane], 'XX', 'GT', unpack(ready_times)) end
    end
  end
  for at = 1, #granted, 2 do
    local grant = read_grant(granted[at + 1])
    if grant and grant.tat_before > now then
      local tat = convert(grant.tat_before, now, former, rate)
      redis.call('HSET', key.grants, granted[at],
        format_grant(grant.id, grant.attempt, int(grant.lease_end), grant.holder, grant.granted_at, tat, grant.ready_at))
    end
  end
end
