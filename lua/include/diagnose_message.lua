--- @include queue
--- @include record
--- @include grant
--- @include result
-- Contradictions in what is stored of one message. No script leaves one. Reads only.

-- `msg`: its idempotency key. `lane` and `member`: an entry of a queue that names it, or with lane 0 one of the schedule, or nil. `remember_ms`:
-- how long a key is remembered, from admission; a reopened failure may have lost its key to a younger message after that. Returns the faults as
-- a set, and the message's record, grant, places, and whether it has a result.
local function diagnose_message(id, msg, lane, member, now_ms, remember_ms)
  local text, known = redis.call('HGET', key.backlog, id), redis.call('GET', msg)
  local record = text and read_record(text)
  local faults, places = {}, {}
  local grant = record and grant_of(record.recipient)
  if grant and grant.id ~= id then grant = nil end
  local function has(zset) return redis.call('ZSCORE', zset, id) end
  local function is_queued(l, entry) return redis.call('ZSCORE', l == 0 and key.scheduled or key.queue[l], entry) end
  local function note(name, is_there) faults[name] = is_there and true or nil end

  -- A receipt may have settled the message while an attempt was in flight: then the grant has no record.
  local function is_granted()
    for _, text_of in ipairs(redis.call('HVALS', key.grants)) do
      local one = read_grant(text_of)
      if one and one.id == id then return true end
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
  local own = record and (lane == 0 and scheduled_member_of(record, id) or lane == record.lane and member_of(record, id))
  local is_stray = member and is_queued(lane, member) and member ~= own
  -- Of two places a repair keeps the first. A failure whose retry has begun is listed while the retry lasts.
  local kept, is_listed = places[1], has(key.retries)
  local has_begun = kept and kept ~= 'failures' and kept ~= 'scheduled'

  local result = read_result(known)
  local is_ours = result.generation == generation_of(id)
  local is_settled = is_ours and result.letter ~= 'w'
  local in_resolved, in_failed, in_unconfirmed = has(key.resolved), has(key.failed), has(key.unconfirmed)
  local in_settled, is_stored = in_resolved or in_failed or in_unconfirmed, redis.call('HEXISTS', key.failure_records, id) == 1

  note('unreadable', text and not record)
  note('settled_and_waiting', record and (is_settled or in_settled or is_stored))
  note('unplaced', record and #places == 0)
  note('two_places', record and #places > 1 or in_resolved and in_failed)
  local is_remembered = record and (record.attempts == 0 or now_ms < tonumber(generation_of(id) or '0', 16) + remember_ms)
  note('retry_unlisted', record and has_begun and not is_listed and record.attempts > (kept == 'unknown' and 1 or 0))
  note('listed_without_retry', is_listed and (not record or kept and not has_begun))
  note('mark_missing', is_remembered and not known)
  note('mark_expires', record and is_ours and not is_settled and redis.call('PTTL', msg) >= 0)
  note('without_expiry', record and #places > 0 and not grant and not has(key.expiry))
  note('entry_without_record', not text and #places > 0 or is_stray)
  note('expiry_without_record', not text and has(key.expiry))
  note('mark_without_record', not text and is_ours and not is_settled and redis.call('PTTL', msg) == -1)
  note('result_without_ttl', not text and is_settled and redis.call('PTTL', msg) == -1)
  note('failure_without_record', in_settled and not is_stored)
  note('orphaned_failure', not text and is_stored and not in_settled)
  note('orphaned_reason', has(key.unacknowledged) and not in_failed)
  note('lease_without_grant', has(key.inflight) and not grant and not is_granted())
  note('grant_without_lease', grant and not has(key.inflight))
  return faults, { record = record, grant = grant, places = places, result = is_settled and result or nil }
end
