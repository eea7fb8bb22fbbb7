--- @include campaign_plan
--- @include suspended
-- Contradictions in what is stored of a hold: a template, a campaign or a rate that messages wait for. No script leaves one. Reads only.

-- A TAT or a start later than this after what the plan allows is wrong, µs.
local HOLD_TOLERANCE = 1000000

-- The words of `limits` without which no script looks at the hold.
local function words_of_hold(group, entry)
  local words, sign = { 'templates' }, string.sub(group, 1, 1)
  if group == ALL_TEMPLATES and entry.state ~= 'releasing' then words[2] = 'stop' end
  if entry.state == 'planned' then words[2], words[3] = 'plans', sign == '%' and 'rates' or nil end
  return words
end

-- `group`: as in `suspended`. `limits`: as of read_sender(). Returns the kinds as a set, the entry and its plan.
local function diagnose_hold(group, limits, now)
  local text, kinds = redis.call('HGET', key.templates, group), {}
  local entry = read_template(text)
  local is_planned = entry and entry.state == 'planned'
  local plan = is_planned and read_plan(entry)
  local function check(kind, is_found) kinds[kind] = is_found and true or nil end
  check('hold_unreadable', text and (not entry or is_planned and not plan))
  for _, word in ipairs(entry and words_of_hold(group, entry) or {}) do
    if not string.find(limits or '', word, 1, true) then check('hold_without_word', true) end
  end
  if not plan then return kinds, entry end
  local latest = math.max(now, plan.start_us) + plan.interval + HOLD_TOLERANCE
  local start = tonumber(redis.call('ZSCORE', key.campaign_starts, start_of(group)) or nil)
  check('plan_late', plan.tat > latest)
  check('start_missing', count_suspended(group) > 0 and (not start or start > latest + plan.interval))
  return kinds, entry, plan
end
