--- @include queue
--- @include record
--- @include schedule
--- @include grant
--- @include result
--- @include hold
-- Contradictions in what is stored of one message. No script leaves one. Reads only.

-- Where an entry of `suspended` has its lane.
local SUSPENDED = LANES + 1

-- `msg`: its idempotency key. `lane` and `member`: an entry of a queue that names it, with lane 0 of the schedule, or nil. `remember_ms`:
-- how long a key is remembered, from admission; a reopened failure may have lost its key to a younger message after that. Returns the kinds as
-- a set, and the message's record, grant, places, and whether it has a result.
local function diagnose_message(id, msg, lane, member, now_ms, remember_ms)
  local text, known = redis.call('HGET', key.backlog, id), redis.call('GET', msg)
  local record = text and read_record(text)
  local kinds, places = {}, {}
  local grant = record and grant_of(record.recipient)
  if grant and grant.id ~= id then grant = nil end
  local function has(zset) return redis.call('ZSCORE', zset, id) end
  local function is_queued(l, entry)
    return redis.call('ZSCORE', l == 0 and key.scheduled or l == SUSPENDED and key.suspended or key.queue[l], entry)
  end
  local function check(kind, is_found) kinds[kind] = is_found and true or nil end

  -- A receipt may have settled the message while an attempt was in flight: then the grant has no record.
  local function is_granted()
    for _, grant_text in ipairs(redis.call('HVALS', key.grants)) do
      local other = read_grant(grant_text)
      if other and other.id == id then return true end
    end
    return false
  end

  if grant then places[#places + 1] = 'grant' end
  if has(key.unknown) then places[#places + 1] = 'unknown' end
  if has(key.failures) then places[#places + 1] = 'failures' end
  for l = 1, LANES do
    if record and is_queued(l, member_of(record, id)) then places[#places + 1] = l == record.lane and 'queue' or 'stray' end
  end
  if record and is_queued(0, scheduled_member_of(record, id)) then places[#places + 1] = 'scheduled' end
  local suspended, reason = nil, nil
  if record then suspended, reason = suspended_place_of(record, id) end
  local second = reason == 'templates-stopped' and stop_member_of(record, id)
  if suspended then places[#places + 1] = 'suspended' end
  local own = record and (lane == 0 and scheduled_member_of(record, id) or lane == record.lane and member_of(record, id)
    or lane == SUSPENDED and (member == second and second or suspended))
  local is_stray = member and is_queued(lane, member) and member ~= own
  -- Of two places a repair keeps the first. A failure whose retry has begun is listed while the retry lasts.
  local foremost, is_listed = places[1], has(key.retries)
  local has_begun = foremost and foremost ~= 'failures' and foremost ~= 'scheduled'

  local result = read_result(known)
  local is_ours = result.generation == generation_of(id)
  local is_settled = is_ours and result.letter ~= 'w'
  local in_resolved, in_failed, in_unconfirmed = has(key.resolved), has(key.failed), has(key.unconfirmed)
  local in_settled, is_stored = in_resolved or in_failed or in_unconfirmed, redis.call('HEXISTS', key.failure_records, id) == 1

  check('unreadable', text and not record)
  check('settled_and_waiting', record and (is_settled or in_settled or is_stored))
  check('unplaced', record and #places == 0)
  check('number_ahead', record and record.seq > tonumber(redis.call('GET', key.seq) or 0))
  check('stop_unlisted', second and not is_queued(SUSPENDED, second))
  check('two_places', record and #places > 1 or in_resolved and in_failed)
  -- A message with a history may have failed, lost its key to a younger one, and be unsettled again.
  local is_new = record and not string.find(record.body, '\n', 1, true)
  local is_remembered = record and (is_new or now_ms < tonumber(generation_of(id) or '0', 16) + remember_ms)
  check('retry_unlisted', record and has_begun and not is_listed and record.attempts > (foremost == 'unknown' and 1 or 0))
  check('listed_without_retry', is_listed and (not record or foremost and not has_begun))
  check('mark_missing', is_remembered and not known)
  check('mark_expires', record and is_ours and not is_settled and redis.call('PTTL', msg) >= 0)
  check('without_expiry', record and #places > 0 and not grant and not has(key.expiry))
  check('entry_without_record', not text and #places > 0 or is_stray)
  check('expiry_without_record', not text and has(key.expiry))
  check('mark_without_record', not text and is_ours and not is_settled and redis.call('PTTL', msg) == -1)
  check('result_without_ttl', not text and is_settled and redis.call('PTTL', msg) == -1)
  check('failure_without_record', in_settled and not is_stored)
  check('orphaned_failure', not text and is_stored and not in_settled)
  check('orphaned_reason', has(key.unacknowledged) and not in_failed)
  check('lease_without_grant', has(key.inflight) and not grant and not is_granted())
  check('grant_without_lease', grant and not has(key.inflight))
  return kinds, { record = record, grant = grant, places = places, result = is_settled and result or nil }
end
