--- @include template
-- What the campaign of a message does to it. Reads only.

-- Whether the effect is that of a plan or a rate, which knows how long the message waits at least.
local function is_planned(effect)
  return effect == 'campaign-start' or effect == 'campaign-rate' or effect == 'template-rate' or effect == 'category-rate'
end

-- What a campaign does to a message: nil, `cancelled`, `ended`, or why it waits: `campaign-paused`; or `campaign-start` or `campaign-rate`, then also
-- how long at least, µs. The third value: what its grant calls. Reads only.
local function campaign_effect(campaign, seq, now)
  local entry = read_template(redis.call('HGET', key.templates, '#' .. campaign))
  if not entry then return nil end
  if entry.state == 'cancelled' then return 'cancelled' end
  -- Behind its name it has a plan.
  if string.find(entry.name, ' ', 1, true) then
    --- @include campaign_plan
    local plan = read_plan(entry)
    if plan and plan.end_us <= now then return 'ended' end
    if plan and entry.state == 'planned' then return plan_effect('#' .. campaign, entry, plan, seq, now) end
  end
  return is_holding(entry, seq) and 'campaign-paused' or nil
end

-- The lane of a new message; of one that names none that of its campaign, if it has one. Reads only.
local function lane_of_new(message)
  local _, _, campaign = read_mark(message.template)
  local entry = message.laneDefault and campaign and read_template(redis.call('HGET', key.templates, '#' .. campaign))
  local plan
  if entry then
    --- @include campaign_plan
    plan = read_plan(entry)
  end
  return plan and plan.lane > 0 and plan.lane or message.lane
end
