--- @include campaign_plan
-- Rates that an operator gives one template, or one category of messages, at this sender. Each is an entry of `templates`, in the form of a campaign
-- with a plan: `%c` and the category, or `%t` and a hash of the template's name and language. Nothing of it is stored in a message: where a sender
-- has such rates, scripts read template and category from the payload. So a new rate holds messages that were accepted before it, too.

-- Meta writes `en_US` in responses and `en-US` in some webhooks.
local function spell_language(language)
  return (string.gsub(string.lower(language), '-', '_'))
end

local function hash_of_template(name, language)
  return string.sub(redis.sha1hex(name .. ' ' .. spell_language(language)), 1, 16)
end

-- The group of the template of a message object, or of a whole body of the Cloud API, which has it in `template`; nil for none.
local function group_of_template(content)
  if type(content) ~= 'table' then return nil end
  local template = type(content.template) == 'table' and content.template or content
  local code = type(template.language) == 'table' and template.language.code
  if type(template.name) ~= 'string' or type(code) ~= 'string' then return nil end
  return '%t' .. hash_of_template(template.name, code)
end

-- The groups of a message, that of its template first. `body`: as in its record. `is_replaced`: its other template is sent. A message that names no
-- category has none. Reads only.
local function rate_groups_of(body, is_replaced)
  local is_read, payload = pcall(cjson.decode, string.match(body, '^[^\n]*'))
  if not is_read or type(payload) ~= 'table' then return {} end
  -- See src/redis/payload.ts.
  local is_packed = type(payload[1]) == 'string'
  local fields = is_packed and payload[4] or payload
  if type(fields) ~= 'table' then fields = {} end
  local content, groups = is_packed and payload[2] or fields.message, {}
  if is_replaced then content = fields.otherwise end
  if is_replaced or fields.type == 'template' then groups[1] = group_of_template(content) end
  local category = fields.edge == 'marketing_messages' and 'marketing' or fields.category
  if type(category) == 'string' then groups[#groups + 1] = '%c' .. category end
  return groups
end

-- What messages of such a group wait for.
local function waiting_for_rate(group)
  return string.sub(group, 2, 2) == 't' and 'template-rate' or 'category-rate'
end

-- Why a message waits for its rates: nil, it may be sent; `template-rate` or `category-rate`, that of the longer wait. Also returns how long it is to
-- the next slot, µs, -1 if that is not known; what its grant calls; and the group. Those before it do not count: one of them may have to wait for its
-- recipient or another rate, and leaves its slot to the next. The other arguments: as of plan_effect(). Reads only.
local function rate_effect(body, is_replaced, seq, now)
  local takes, longest, wait, holding = {}, -1, nil, nil
  for _, group in ipairs(rate_groups_of(body, is_replaced)) do
    local entry = read_template(redis.call('HGET', key.templates, group))
    local plan = entry and entry.state == 'planned' and read_plan(entry)
    if plan then
      local reason, estimate, take = plan_effect(group, entry, plan, seq, now)
      takes[#takes + 1] = take
      if reason and estimate > longest then longest, wait, holding = estimate, math.max(0, plan.tat - now), group end
    -- It is removed, and older messages wait still.
    elseif is_holding(entry, seq) then longest, wait, holding = math.huge, -1, group end
  end
  if holding then return waiting_for_rate(holding), wait, nil, holding end
  if not takes[1] then return nil end
  return nil, nil, function()
    for _, take in ipairs(takes) do take() end
  end
end

-- Where a message waits for a rate: its place in `suspended` and the group, or nil. Reads only.
local function rated_place_of(body, seq, id)
  for _, is_replaced in ipairs({ false, true }) do
    for _, group in ipairs(rate_groups_of(body, is_replaced)) do
      local place = string.format('%s:%012d:%s', group, seq, id)
      if redis.call('ZSCORE', key.suspended, place) then return place, group end
    end
  end
end

-- How many rates the sender has, and how many messages wait for one of a template, and of a category. Reads only.
local function count_rates()
  local rates = 0
  for _, group in ipairs(redis.call('HKEYS', key.templates)) do
    if string.sub(group, 1, 1) == '%' then rates = rates + 1 end
  end
  return rates, redis.call('ZLEXCOUNT', key.suspended, '[%t', '(%u'), redis.call('ZLEXCOUNT', key.suspended, '[%c', '(%d')
end
