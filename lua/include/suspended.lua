--- @include template
-- Messages that wait outside of their queues: the zset `suspended`.

-- The place of a message that waits outside of its queue: the group is a template, `*` for all of them, `=` and a recipient, `+` and a recipient for
-- the daily limit, `#` and a campaign, or that of a rate (include/rate.lua).
local function suspended_member_of(group, seq, id)
  return string.format('%s:%012d:%s', group, seq, id)
end

-- The second place of a message that waits for the end of a stop of all templates. It finds what waits for one recipient, who may write meanwhile; by
-- the first one all return in the order of acceptance.
local function stop_member_of(record, id)
  return suspended_member_of(ALL_TEMPLATES .. record.recipient, record.seq, id)
end

-- The bounds of a group in `suspended`.
local function bounds_of(group)
  return '[' .. group .. ':', '(' .. group .. ';'
end

-- How many messages wait in a group. Reads only.
local function count_suspended(group)
  return redis.call('ZLEXCOUNT', key.suspended, bounds_of(group))
end

-- Where a message that waits outside of its queue is: its place and what it waits for, or nil. Reads only.
local function suspended_place_of(record, id)
  local plan, template, campaign = read_mark(record.template)
  local groups = {
    plan and plan ~= 'c' and '=' .. record.recipient or '', template or '', template and ALL_TEMPLATES or '', campaign and '#' .. campaign or '',
    '+' .. record.recipient
  }
  for i, group in ipairs(groups) do
    local place = group ~= '' and suspended_member_of(group, record.seq, id)
    if place and redis.call('ZSCORE', key.suspended, place) then
      return place, ({ 'window', 'template-paused', 'templates-stopped', 'campaign-paused', 'daily-limit' })[i]
    end
  end
  --- @include rate
  local place, group = rated_place_of(record.body, record.seq, id)
  return place, group and waiting_for_rate(group)
end

-- Removes a message from there. A message without a mark can wait for nothing but a rate. `limits`: as of read_sender(). Writes.
local function leave_suspended(record, id, limits)
  local place, reason
  if record.template or limits and string.find(limits, 'rates', 1, true) then place, reason = suspended_place_of(record, id) end
  if not place then return end
  redis.call('ZREM', key.suspended, place)
  if reason == 'templates-stopped' then redis.call('ZREM', key.suspended, stop_member_of(record, id)) end
  if reason == 'daily-limit' and count_suspended('+' .. record.recipient) == 0 then redis.call('ZREM', key.daily_queue, record.recipient) end
end
