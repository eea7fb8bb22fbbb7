--- @include numbers
--- @include template
-- The plan of a campaign at this sender: rate, start, end, and the lane of messages that name none. It stands in the campaign's entry of `templates`,
-- behind the name: `<perSecond> <startMs> <endMs> <lane>`, 0 for none. While the campaign runs, the state is `planned`, and `code` is the TAT of its
-- rate, µs. The zset `campaign-starts` says when claim.lua returns the next of its suspended messages to their queues. The rate of a template or a
-- category (include/rate.lua) is such an entry, too; its group stands for the campaign there.

-- A claim that is late makes up for as much, so that a high rate is reached. A rate with a longer interval has no burst.
local LATE_US = 20000

-- nil for an entry without a plan. `interval`: 0 without a rate.
local function read_plan(entry)
  local name, per_second, start_ms, end_ms, lane = string.match(entry and entry.name or '', '^(.+) ([%d.]+) (%d+) (%d+) (%d)$')
  if not name then return nil end
  return {
    per_second = per_second, interval = per_second == '0' and 0 or math.ceil(1000000 / tonumber(per_second)), start_us = tonumber(start_ms) * 1000,
    end_us = end_ms == '0' and math.huge or tonumber(end_ms) * 1000, lane = tonumber(lane), tat = tonumber(entry.code) or 0
  }
end

-- The member of `campaign-starts` for a group.
local function start_of(group)
  return string.sub(group, 1, 1) == '#' and string.sub(group, 2) or group
end

-- For how long a claim may be late without losing slots, µs.
local function lateness_of(plan)
  return plan.interval < LATE_US and LATE_US or 0
end

-- The TAT that counts: what is older than the burst is lost.
local function tat_of_plan(plan, now)
  return math.max(plan.tat, now - lateness_of(plan))
end

-- How many messages may start now by its rate.
local function slots_of_plan(plan, now)
  if plan.interval == 0 then return math.huge end
  return math.max(0, math.floor((now - tat_of_plan(plan, now)) / plan.interval) + 1)
end

-- Takes the slot of a message that is granted. Writes.
local function take_slot(group, entry, plan, now)
  local tat = int(tat_of_plan(plan, now) + plan.interval)
  redis.call('HSET', key.templates, group, 'planned ' .. int(entry.since) .. ' 0 ' .. tat .. ' ' .. entry.name)
end

-- Why a message waits while the campaign runs: nil, it may be sent; `campaign-start` or `campaign-rate`, and how long at least, µs. `group`: `#` and
-- the campaign. `seq`: its number in the queue, nil for none yet. None passes an older one that waits, so that those of a pair keep their order. The
-- third value: what its grant calls. Reads only.
local function plan_effect(group, entry, plan, seq, now)
  local last = seq and string.format('(%s:%012d', group, seq) or '(' .. group .. ';'
  local older = redis.call('ZLEXCOUNT', key.suspended, '[' .. group .. ':', last)
  local starts_at = math.max(plan.start_us, plan.tat)
  if older > 0 or starts_at > now then
    local is_early = plan.start_us > now or plan.interval == 0
    -- Those before it may make up for a late claim.
    local first_at = starts_at > now and starts_at or now - lateness_of(plan)
    return is_early and 'campaign-start' or 'campaign-rate', math.max(0, first_at - now + older * plan.interval)
  end
  return nil, nil, plan.interval > 0 and function() take_slot(group, entry, plan, now) end or nil
end
