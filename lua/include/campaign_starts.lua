--- @include campaign_plan
--- @include record
--- @include repair_ready
-- Returns suspended messages of campaigns with a plan, and of templates and categories with a rate, to their queues, in their order, once the start
-- has come and as the rate allows.

-- Campaigns and messages of a campaign that one call takes.
local MOST_STARTED, MOST_RELEASED = 10, 100

-- When the next campaign has to be looked at, µs; math.huge for none. Reads only.
local function first_start()
  return tonumber(redis.call('ZRANGE', key.campaign_starts, '0', '0', 'WITHSCORES')[2]) or math.huge
end

-- Of one campaign, or group of a rate, which is due since `due_at`. That moment is a TAT of its own: none is released for a slot that those before it
-- may still use. Writes.
local function start_campaign(sender, campaign, due_at, want, now)
  local group = string.sub(campaign, 1, 1) == '%' and campaign or '#' .. campaign
  local entry = read_template(redis.call('HGET', key.templates, group))
  local plan = read_plan(entry)
  -- A pause is lifted by set-campaign.lua, and release-suspended.lua returns what has no plan.
  if not plan or entry.state ~= 'planned' then return redis.call('ZREM', key.campaign_starts, campaign) end
  -- After its end they are named as heads of their queues, and closed.
  local free = plan.end_us <= now and MOST_RELEASED or plan.start_us > now and 0 or math.min(slots_of_plan(plan, now), want, MOST_RELEASED)
  if plan.interval == 0 and free > 0 then free = MOST_RELEASED end
  local next_at = free == 0 and math.max(plan.start_us, plan.tat) or now
  if free > 0 and plan.interval > 0 and plan.end_us > now then
    due_at = math.max(due_at, now - lateness_of(plan))
    free = math.min(free, math.floor((now - due_at) / plan.interval) + 1)
    next_at = due_at + free * plan.interval
  end
  local from, to = '[' .. group .. ':', '(' .. group .. ';'
  for _, member in ipairs(free > 0 and redis.call('ZRANGEBYLEX', key.suspended, from, to, 'LIMIT', '0', int(free)) or {}) do
    local id = string.match(member, '^[^:]+:%d+:(.+)$')
    local text = redis.call('HGET', key.backlog, id)
    local record = text and read_record(text)
    redis.call('ZREM', key.suspended, member)
    if record then
      redis.call('ZADD', key.queue[record.lane], '0', member_of(record, id))
      repair_ready(sender, record.recipient, now)
    end
  end
  if redis.call('ZLEXCOUNT', key.suspended, from, to) == 0 then return redis.call('ZREM', key.campaign_starts, campaign) end
  redis.call('ZADD', key.campaign_starts, int(next_at), campaign)
end

-- Of all that are due. `want`: grants wanted; without one nothing is released. Returns first_start(). Writes.
local function start_campaigns(sender, want, now)
  local due = want > 0 and redis.call('ZRANGEBYSCORE', key.campaign_starts, '-inf', int(now), 'WITHSCORES', 'LIMIT', '0', MOST_STARTED) or {}
  for i = 1, #due, 2 do start_campaign(sender, due[i], tonumber(due[i + 1]), want, now) end
  return first_start
end
