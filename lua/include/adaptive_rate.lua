--- @include numbers
-- The rate of a sender whose messages WhatsApp rejects for its limit of messages per second. No response names the limit, so it is searched for:
-- a rejection reduces the rate, and attempts that are accepted raise it again in small steps, up to the rule. Decision 0099 has the figures.
-- A known limit of the number bounds it too. Rates are in messages per 1000 s. Writes.

local LEAST_RATE, CUT, REST, GAIN, FIRST_STEP, LAST_STEP, USED = 1000, 0.5, 0.97, 1.05, 0.02, 0.5, 0.7
local CLIMB_US, HOLD_US, SHORT_HOLD_US, STEP_US, SURE_US = 4000000, 30000000, 2000000, 1500000, 120000000
local QUIET_US, COOL_US, SHORT_COOL_US, OLDEST_US = 10000000, 1000000, 250000, 60000000

-- The field `reduced` of :sender, or nil. `phase`: climb, hold or probe, since `since`; `rest`: the rate that it climbs to, or probes above; `back`
-- and `prev`: the rates two steps and one step before; `low`: where the climb began; `cut`: the last rejection that counted.
local function read_reduced()
  local phase, rate, rest, back, prev, low, since, cut, is_mild, hold, step, sends = string.match(redis.call('HGET', key.sender, 'reduced') or '',
    '^(%a+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) ([01]) (%d+) (%d+) (%d+)$')
  if not phase then return nil end
  return {
    phase = phase, rate = tonumber(rate), rest = tonumber(rest), back = tonumber(back), prev = tonumber(prev), low = tonumber(low),
    since = tonumber(since), cut = tonumber(cut), is_mild = is_mild == '1', hold = tonumber(hold), step = tonumber(step), sends = tonumber(sends)
  }
end

-- What the search is bounded by: the rule, or the known limit of the number if it is slower.
local function bound_of(sender)
  if sender.bound then return sender.bound end
  local rule = sender.full_rate or sender.sender_rate
  local interval, burst = string.match(redis.call('HGET', key.sender, 'ceiling') or '', '^%d+ (%d+) (%d+) ')
  local is_lower = interval and tonumber(interval) > rule.interval
  sender.bound = is_lower and { interval = tonumber(interval), burst = tonumber(burst) } or rule
  return sender.bound
end

-- The highest rate.
local function most_of(sender)
  return math.floor(1000000000 / bound_of(sender).interval)
end

-- Interval and burst of a search, or of a known limit, stand behind the packed rules, where every script finds them.
local function pack_rate(sender, interval, burst, is_reduced)
  local packed = string.sub(redis.call('HGET', key.sender, 'rules'), 1, 48)
  sender.full_rate, sender.is_reduced = sender.full_rate or sender.sender_rate, is_reduced
  redis.call('HSET', key.sender, 'rules', is_reduced and packed .. struct.pack('>dd', interval, burst) or packed)
end

-- A reduced burst takes no longer than that of the bound.
local function write_reduced(sender, s)
  local bound = bound_of(sender)
  local interval = s.rate < most_of(sender) and math.ceil(1000000000 / s.rate) or bound.interval
  pack_rate(sender, interval, math.floor((bound.burst - 1) * bound.interval / interval) + 1, true)
  redis.call('HSET', key.sender, 'reduced', string.format('%s %d %d %d %d %d %d %d %d %d %d %d', s.phase, s.rate, s.rest, s.back, s.prev, s.low,
    s.since, s.cut, s.is_mild and 1 or 0, s.hold, s.step, s.sends))
end

local function remove_reduced(sender)
  local bound = bound_of(sender)
  redis.call('HDEL', key.sender, 'reduced')
  pack_rate(sender, bound.interval, bound.burst, bound.interval > (sender.full_rate or sender.sender_rate).interval)
end

-- The sender has other rules, or another limit.
local function fit_reduced(sender)
  local s, most = read_reduced(), most_of(sender)
  if not s or s.rate >= most then return remove_reduced(sender) end
  for _, name in ipairs({ 'rest', 'back', 'prev', 'low' }) do s[name] = math.min(s[name], most) end
  write_reduced(sender, s)
end

-- WhatsApp rejected an attempt that was granted at `granted_at`. Rejections of attempts of before the last cut say nothing new. A rejection after
-- a quiet time comes from a probe, or from a rate that is a little too high; any other one halves the rate. Returns the cool-down in µs.
local function reduce_rate(sender, granted_at, cool_us, now)
  local s, most = read_reduced(), most_of(sender)
  if s and granted_at <= s.cut then return s.is_mild and cool_us <= COOL_US and SHORT_COOL_US or cool_us end
  if granted_at < now - OLDEST_US then return cool_us end
  local least, is_mild = math.min(LEAST_RATE, most), s and now - s.cut > QUIET_US
  s = s or { phase = 'hold', rate = most, rest = most, back = most, prev = most, low = most, step = 0 }
  local is_probe = s.phase == 'probe'
  s.phase, s.since, s.cut, s.sends, s.is_mild, s.hold = 'hold', now, now, 0, is_mild, HOLD_US
  if is_mild and is_probe then
    -- A limit with a burst rejects late: not the last step was too high, but one before. What is gained is the step before that.
    if s.back > s.rest * GAIN then s.hold = SHORT_HOLD_US end
    s.rest = math.max(s.rest, s.back)
    s.rate = s.rest
  else
    s.rest, s.low = math.max(least, math.floor(s.rate * REST)), math.max(least, math.floor(s.rate * CUT))
    s.rate = is_mild and s.rest or s.low
    if not is_mild then s.phase = 'climb' end
  end
  write_reduced(sender, s)
  return is_mild and cool_us <= COOL_US and SHORT_COOL_US or cool_us
end

-- The next step of a probe: each is twice as large as the last one, and at most half of the rate.
local function step_up(s, most, now)
  s.back, s.prev = s.prev, s.rate
  s.rate = math.min(most, math.floor(s.rate * (1 + math.min(LAST_STEP, FIRST_STEP * 2 ^ s.step))))
  s.step, s.since, s.sends = s.step + 1, now, 0
end

-- Whether so many attempts were accepted at this rate as it grants in `took` µs, nearly. A rate that is not used says nothing, and does not rise.
local function is_used(s, took)
  return s.sends * 1000000000 >= USED * s.rate * took
end

-- An attempt was accepted.
local function count_accepted(sender, granted_at, now)
  local s = read_reduced()
  if not s or granted_at < s.since then return end
  local most, took = most_of(sender), now - s.since
  s.sends = s.sends + 1
  if s.phase == 'climb' then
    local part = math.min(1, math.max(0, took - COOL_US) / CLIMB_US)
    s.rate = math.floor(s.rest - (s.rest - s.low) * (1 - part) ^ 2)
    if part == 1 then s.phase, s.since, s.sends = 'hold', now, 0 end
  elseif s.phase == 'hold' then
    if took >= s.hold and is_used(s, s.hold) then
      s.phase, s.step, s.rest, s.back, s.prev = 'probe', 0, s.rate, s.rate, s.rate
      step_up(s, most, now)
    end
  elseif s.rate >= most then
    if took >= SURE_US and is_used(s, SURE_US) then return remove_reduced(sender) end
  elseif took >= STEP_US then
    if is_used(s, STEP_US) then step_up(s, most, now) else s.since, s.sends = now, 0 end
  end
  write_reduced(sender, s)
end
