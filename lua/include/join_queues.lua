--- @include ready
--- @include record
--- @include repair_ready
-- Moves at most 100 scheduled messages that are due into their queues: ordered by due time, then by acceptance. Returns how many, and
-- the earliest ready time that it wrote, in µs; math.huge for none. Writes.
local function join_queues(sender, now)
  local due = redis.call('ZRANGEBYSCORE', key.scheduled, '-inf', math.floor(now / 1000), 'LIMIT', 0, 100)
  -- The numbers of the queue are drawn now: these messages join behind those that wait.
  local earliest_at = math.huge
  local last_number = redis.call('INCRBY', key.seq, #due) - #due
  for at, member in ipairs(due) do
    local id = string.match(member, '^%d+:(.+)$')
    local text = redis.call('HGET', key.backlog, id)
    local record = text and read_record(text)
    redis.call('ZREM', key.scheduled, member)
    if record then
      record.seq = last_number + at
      redis.call('HSET', key.backlog, id, format_record(record))
      redis.call('ZADD', key.queue[record.lane], 0, member_of(record, id))
      local lane = ready_of(record.recipient, now)
      if not lane or lane > record.lane then
        earliest_at = math.min(earliest_at, repair_ready(sender, record.recipient, now) or math.huge)
      end
    end
  end
  return #due, earliest_at
end

-- Scheduled messages that are due go before what is accepted from now on, also where no claim has moved them yet. Returns
-- the earliest ready time that it wrote, in µs; math.huge for none. Writes.
local function join_before_others(sender, now)
  local earliest_at = math.huge
  for _ = 1, 10 do
    local joined, ready_at = join_queues(sender, now)
    earliest_at = math.min(earliest_at, ready_at)
    if joined < 100 then break end
  end
  return earliest_at
end
