-- What an outcome does to a message, its pair and its sender. `book` holds what one call is about: `key` by name, sender, now and now_ms, what
-- was read of its grants (texts, results, tats), what is gathered to be written at the end (out), and `in_line`, the lines that aren't empty.
-- Needs: each, clock, gcra, sender, line, record, unseen.

-- Sent or failed for good: its result takes the record's place.
local function finish(book, grant, record, verdict)
  local key, id, is_sent = book.key, grant.id, verdict == 'sent'
  local result, life = write_result(is_sent and 's' or 'f', id, book.results[grant.msg], book.now, record, grant.tail)
  if life then
    redis.call('SET', grant.msg, result, 'PX', life)
    book.results[grant.msg] = result
  end
  if book.sender.tells then redis.call('RPUSH', key.outbox, outbox_item(id, book.now_ms, result, grant.story)) end
  book.texts[id] = false
  push(book.out.backlog, id)
  push(book.out.expiry, id)
  local was_failure, unsure = not is_sent or record.attempts > 1, is_sent and grant.keep > 0
  if was_failure or unsure then redis.call('HSET', key.records, id, write_record(record)) end
  if was_failure then redis.call('ZADD', is_sent and key.resolved or key.failed, book.now_ms, id) end
  if unsure then redis.call('ZADD', key.unconfirmed, book.now_ms + grant.keep, id) end
  if not is_sent then redis.call('ZADD', key.unacknowledged, unseen_score(grant.reason, book.now_ms), id) end
  if grant.term ~= '' then push(book.out.recent, 0, grant.term .. ':' .. id) end
  if is_sent then book.sent = book.sent + 1 end
end

-- It goes on: back in line, or to be retried or decided later. Answers when, ms; 0 for as soon as its turn comes.
local function go_on(book, grant, record, verdict)
  local key, id, due = book.key, grant.id, 0
  if verdict == 'wait' then
    redis.call('ZADD', key.lines[record.lane], 0, member_of(record, id))
    book.in_line[record.lane] = key.lines[record.lane]
  else
    due = book.now_ms + grant.after
    redis.call('ZADD', verdict == 'retry' and key.failures or key.unknown, due, id)
  end
  book.texts[id] = write_record(record)
  redis.call('HSET', key.backlog, id, book.texts[id])
  redis.call('ZADD', key.expiry, record.expires, id)
  return due
end

-- A slot granted is not refunded, and a TAT only ever rises. Answers the pair's.
local function cool(book, grant, lease)
  local pair, until_us, tat = book.sender.pair, book.now + grant.cool, tonumber(book.tats[grant.recipient] or 0)
  if lease and grant.started then tat = math.max(tat, advance(lease.tat_before, lease.granted_at + grant.started, pair)) end
  if grant.bucket == 'pair' then tat = cooled(tat, until_us, pair) end
  if tat > 0 then push(book.out.pace, tat, grant.recipient) end
  book.tats[grant.recipient] = tat
  if grant.bucket == 'flow' then
    local flow_tat, slots = string.match(redis.call('GET', book.key.flow) or '0 0', '^(%d+) (%d+)$')
    redis.call('SET', book.key.flow, int(cooled(tonumber(flow_tat), until_us, book.sender.flow)) .. ' ' .. slots)
  end
  if grant.bucket == 'marketing' then redis.call('HSETNX', book.key.opt_outs, grant.recipient, opted_out(book.now_ms, grant.code)) end
  return tat
end

-- The sender stops, or a success opens it; answers whether it does open.
local function stop_or_open(book, grant, lease, verdict)
  local sender, key = book.sender, book.key.sender
  -- An operator's pause stands: a stop in its place would try again, and open, by itself.
  if grant.bucket == 'sender' and closed(sender, book.now) ~= 'pause' then
    sender.status, sender.reopens = 'stopped', book.now + grant.cool
    redis.call('HSET', key, 'status', 'stopped', 'reason', grant.code, 'until', sender.reopens, 'since', book.now, 'tryEvery', grant.cool)
  elseif verdict == 'sent' and sender.status == 'stopped' and
    (not lease or lease.granted_at > tonumber(redis.call('HGET', key, 'since') or 0)) then
    -- Only a try after the stop proves anything; what was already in flight does not.
    redis.call('HDEL', key, 'status', 'reason', 'until', 'since', 'tryEvery')
    sender.status = 'active'
    return true
  end
  return false
end
