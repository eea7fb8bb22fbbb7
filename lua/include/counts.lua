--- @include numbers
--- @include campaign_name
-- Counts of messages: the hash `campaigns`, the name of a campaign, or `~` and a caller -> entry. An entry counts the messages of this sender by how
-- they ended; those that have not are the rest of `accepted`. Each script that changes how a message has ended changes the counts in the same step.
-- Callers are counted where there are several: in messages whose record, or result, names the caller behind `~`.

-- Places of the words of an entry: state, when its first message was accepted, the last change (ms); how many messages were accepted, and how many
-- are sent, delivered, read, failed, cancelled and expired; the last ten seconds in which attempts ended messages, how many there, and how many in
-- the ten seconds before; when its last message was accepted (ms, 0 for none); then `<code>=<count>` of the failed.
local SPAN_MS, FIRST_CODE, MOST_CODES = 10000, 15, 40
-- A message that was read is also delivered and sent. a: accepted; w, not here: it has not ended.
local COUNTED = { a = { 4 }, s = { 5 }, d = { 5, 6 }, r = { 5, 6, 7 }, f = { 8 }, c = { 9 }, e = { 10 } }

-- The campaign of a settled message, and its caller if it is counted, from the compact result; nil for none.
local function counted_of_result(suffix)
  return string.match(suffix or '', '^~?[%w_-]*@([^%s@]+)'), string.match(suffix or '', '^~([%w_-]+)')
end

local function read_counts(text)
  local words = {}
  for word in string.gmatch(text, '%S+') do words[#words + 1] = word end
  return words
end

local function new_counts(state, now_ms)
  return { state, int(now_ms), int(now_ms), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
end

local function add_to(words, place, by)
  words[place] = int(tonumber(words[place]) + by)
end

-- The error code of a failed message: the last one in its history, which is JSON that a node wrote: there no text has a bare quote.
local function code_of(record)
  local history, code = string.match(record.body, '\n(.*)$') or '', 'UNKNOWN'
  for found in string.gmatch(history, '"code":"([%w_.-]+)"') do code = found end
  return code
end

local function count_code(words, code, by)
  for place = FIRST_CODE, #words do
    local name, count = string.match(words[place], '^(.+)=(%d+)$')
    if name == code then
      local left = tonumber(count) + by
      if left > 0 then words[place] = code .. '=' .. int(left) else table.remove(words, place) end
      return
    end
  end
  -- Its own code may not have been counted apart.
  if code ~= 'OTHER' and (by < 0 or #words - FIRST_CODE + 1 >= MOST_CODES) then return count_code(words, 'OTHER', by) end
  if by > 0 then words[#words + 1] = code .. '=' .. by end
end

local function count_end(words, now_ms)
  local span, last = math.floor(now_ms / SPAN_MS), tonumber(words[11])
  if span ~= last then words[11], words[12], words[13] = int(span), '0', span == last + 1 and words[12] or '0' end
  add_to(words, 12, 1)
end

-- Counts under this name that a message is `letter` now, and was `former` before: letters of results, `w` for a message that has not ended. Codes
-- are those of failures. A name that is not stored any more counts nothing; only a new message creates one. Writes.
local function count_under(name, former, letter, now_ms, former_code, code)
  local text = redis.call('HGET', key.campaigns, name)
  if not text and letter ~= 'a' then return end
  local words = text and read_counts(text) or new_counts('running', now_ms)
  for _, place in ipairs(COUNTED[former] or {}) do add_to(words, place, -1) end
  for _, place in ipairs(COUNTED[letter] or {}) do add_to(words, place, 1) end
  if former == 'f' then count_code(words, former_code, -1) end
  if letter == 'f' then count_code(words, code, 1) end
  if former == 'w' and string.find('sdrf', letter, 1, true) then count_end(words, now_ms) end
  words[3] = int(now_ms)
  if letter == 'a' then words[14] = words[3] end
  redis.call('HSET', key.campaigns, name, table.concat(words, ' '))
end

-- The same under its campaign and its caller, either of which may be nil. Writes.
local function count_message(campaign, caller, former, letter, now_ms, former_code, code)
  if campaign then count_under(campaign, former, letter, now_ms, former_code, code) end
  if caller then count_under('~' .. caller, former, letter, now_ms, former_code, code) end
end

-- Whether a message with this record is counted. Reads only.
local function is_counted(record)
  return record.caller or campaign_of(record.template)
end

-- The same of a message with its record. Writes.
local function count_closed(record, former, letter, now_ms, former_code)
  local code = letter == 'f' and is_counted(record) and code_of(record) or nil
  count_message(campaign_of(record.template), record.caller, former, letter, now_ms, former_code, code)
end

-- How a message ended whose record is among the failures: its result may be gone. Reads only.
local function ending_of(record)
  local tag
  for found in string.gmatch(record.body, '\n%d+:(%a+)') do tag = found end
  return tag == 'cancelled' and 'c' or tag == 'expired' and 'e' or 'f'
end

-- The least life: statuses of a message may arrive as long as its result is kept.
local MOST_CAMPAIGNS, LEAST_LIFE_MS = 1000, 2 * 86400000

-- How many of the messages have not ended.
local function unsettled_of(words)
  return words[4] - words[5] - words[8] - words[9] - words[10]
end

-- How many messages of a caller have not ended, and when one of them will have at the rate of the last ten seconds, µs; nil without one. Reads only.
local function read_backlog(caller, now_ms)
  local text = redis.call('HGET', key.campaigns, '~' .. caller)
  if not text then return 0 end
  local words, span, part = read_counts(text), math.floor(now_ms / SPAN_MS), 1 - now_ms % SPAN_MS / SPAN_MS
  local last, count = tonumber(words[11]), tonumber(words[12])
  local ended = last == span and count + words[13] * part or last == span - 1 and count * part or 0
  return unsettled_of(words), ended > 0 and math.ceil(SPAN_MS * 1000 / ended) or nil
end

-- Removes campaigns and callers from a random sample; the arguments are those of prune.lua. Writes.
local function prune_counts(now_ms)
  --- @include campaign_plan
  local sample = redis.call('HRANDFIELD', key.campaigns, arg.limit, 'WITHVALUES')
  local excess, ended = redis.call('HLEN', key.campaigns) - MOST_CAMPAIGNS, {}
  for i = 1, #sample, 2 do
    local words = read_counts(sample[i + 1])
    if unsettled_of(words) <= 0 then
      -- Until its start and its end it may get messages.
      local plan = read_plan(read_template(redis.call('HGET', key.templates, '#' .. sample[i])))
      local planned_us = plan and math.max(plan.start_us, plan.end_us < math.huge and plan.end_us or 0) or 0
      ended[#ended + 1] = { name = sample[i], at = math.max(tonumber(words[3]), math.floor(planned_us / 1000)) }
    end
  end
  table.sort(ended, function(a, b) return a.at < b.at end)
  for place, one in ipairs(ended) do
    local is_excess = place <= excess and string.sub(one.name, 1, 1) ~= '~'
    if is_excess or one.at < now_ms - math.max(arg.retentionMs, LEAST_LIFE_MS) then
      redis.call('HDEL', key.campaigns, one.name)
      redis.call('HDEL', key.templates, '#' .. one.name)
    end
  end
end
