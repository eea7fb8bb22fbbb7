--- @include numbers
-- How many messages of a sender WhatsApp accepted between two moments, and how many of these have no status. Both numbers are exact: an estimate that
-- spreads the count of ten minutes over them takes a burst for a long time, and hides an outage behind it. Reads only.

-- The messages that count were accepted 2 to 12 minutes ago. Their records are kept for 15 minutes.
local FROM_MS, TO_MS, KEPT_MS, SPAN_MS = 720000, 120000, 900000, 600000

-- So many were accepted in a span of ten minutes until now, also those that are not counted as sent any more.
local function accepted_in(span)
  local sent, taken_out = redis.call('ZSCORE', key.completed, int(span)), redis.call('ZSCORE', key.completed, '-' .. int(span))
  return tonumber(sent or 0) + tonumber(taken_out or 0)
end

-- The moments of the last 12 minutes in the field `statuses` of :sender: `<ms>:<count>`, with how many messages had been accepted in the span of that
-- moment; the oldest first.
local function read_moments(text, now_ms)
  local moments = {}
  for at, count in string.gmatch(text or '', '(%d+):(%d+)') do
    if tonumber(at) >= now_ms - FROM_MS and tonumber(at) <= now_ms then moments[#moments + 1] = { at = tonumber(at), count = tonumber(count) } end
  end
  return moments
end

-- How many messages that count were accepted, and how many of these have no status; 0 where there are not two moments to count between.
local function count_statuses(moments, now_ms)
  local first, last = moments[1], moments[1]
  for _, moment in ipairs(moments) do
    if moment.at <= now_ms - TO_MS then last = moment end
  end
  if not first or first.at == last.at then return 0, 0 end
  local accepted, last_span = last.count - first.count, math.floor(last.at / SPAN_MS)
  for span = math.floor(first.at / SPAN_MS), last_span - 1 do accepted = accepted + accepted_in(span) end
  if accepted <= 0 then return 0, 0 end
  local missing = redis.call('ZCOUNT', key.unconfirmed, '(' .. int(first.at + KEPT_MS), int(last.at + KEPT_MS))
  return accepted, math.min(accepted, missing)
end
