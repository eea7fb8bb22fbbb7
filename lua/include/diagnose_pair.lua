--- @include queue
--- @include ready
--- @include record
--- @include grant
--- @include pair_tat
--- @include hold
-- Contradictions in what is stored of one pair. No script leaves one. Reads only.

-- A ready time later than this after the pair's TAT is wrong, µs.
local READY_TOLERANCE = 1000000

-- Returns the kinds as a set, the pair's grant (nil where none can be read), and the number of the first message that waits for the daily limit.
local function diagnose_pair(recipient, now)
  local text = redis.call('HGET', key.grants, recipient)
  local grant = read_grant(text)
  local head_lane, ready, kinds = nil, 0, {}
  for lane = LANES, 1, -1 do
    if head_of(key.queue[lane], recipient) then head_lane = lane end
    if redis.call('ZSCORE', key.ready[lane], recipient) then ready = ready + 1 end
  end
  local ready_lane, ready_at = ready_of(recipient, now)
  local record = grant and read_record(redis.call('HGET', key.backlog, grant.id) or '')
  local lease_end = grant and math.max(grant.lease_end, tonumber(redis.call('ZSCORE', key.inflight, grant.id) or 0))
  local function check(kind, is_found) kinds[kind] = is_found and true or nil end
  check('grant_unreadable', text and not grant)
  -- A receipt may settle a message while its next attempt is in flight: then only the grant is left, until its lease ends.
  check('grant_without_record', grant and not (record and record.recipient == recipient) and lease_end <= now)
  check('queue_without_ready', not text and head_lane and ready == 0)
  check('ready_without_queue', ready > 0 and (text or not head_lane))
  check('wrong_ready', not text and head_lane and
    (ready > 1 or ready == 1 and (ready_lane ~= head_lane or ready_at > math.max(now, pair_tat_of(recipient)) + READY_TOLERANCE)))
  local from, to = bounds_of('+' .. recipient)
  local first = redis.call('ZRANGEBYLEX', key.suspended, from, to, 'LIMIT', 0, 1)[1]
  local number = tonumber(first and string.match(first, ':(%d+):') or nil)
  local listed = tonumber(redis.call('ZSCORE', key.daily_queue, recipient) or nil)
  check('daily_unlisted', number and (not listed or listed > number))
  check('daily_without_message', listed and not number)
  return kinds, grant, number
end
