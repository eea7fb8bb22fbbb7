--- @include convert_ready
--- @include counts
--- @include limits
-- The end of fair shares (shares.lua): once no campaign has unsettled messages at this sender, and one caller at most. Writes.

-- Above these it waits for a calmer moment, so that one call stays short.
local MOST_ENDED, MOST_COUNTED = 1000, 5000

-- The callers with unsettled messages; `''` for messages that are not counted under a caller. Nil where a campaign has any. Reads only.
local function unsettled_callers()
  local callers, counted, fields = {}, 0, redis.call('HGETALL', key.campaigns)
  for i = 1, #fields, 2 do
    local words, caller = read_counts(fields[i + 1]), string.match(fields[i], '^~(.+)$')
    local left = unsettled_of(words)
    if left > 0 and not caller then return nil end
    if left > 0 then callers[#callers + 1], counted = caller, counted + left end
  end
  if redis.call('HLEN', key.backlog) > counted then callers[#callers + 1] = '' end
  return callers
end

-- Ready pairs get their ready times back. The weight of the caller that still has messages stays, and so its name: the next other one begins shares.
local function end_shares(now)
  if redis.call('HLEN', key.campaigns) > MOST_COUNTED then return end
  local callers = unsettled_callers()
  if not callers or #callers > 1 then return end
  local ready = 0
  for lane = 1, LANES do ready = ready + redis.call('ZCOUNT', key.ready[lane], '-inf', '(0') end
  if ready > MOST_ENDED then return end
  for lane = 1, LANES do heal(lane, now) end
  local caller = callers[1] or ''
  local weight = caller ~= '' and redis.call('HGET', key.shares, '=' .. caller)
  redis.call('DEL', key.shares)
  if weight then redis.call('HSET', key.shares, '=' .. caller, weight) end
  if caller == '' then redis.call('HDEL', key.sender, 'caller') else redis.call('HSET', key.sender, 'caller', caller) end
  set_limit('shares', false)
end
