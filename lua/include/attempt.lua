-- An attempt that settle.lua settles, and the record of its message; `message` as there. Reads only.

-- The grant that the token matches, or nil. Its numbers have fixed places behind the token, so that no pattern has to be matched.
local function current_lease(message)
  local text, id, holder = redis.call('HGET', key.grants, message.recipient) or '', message.id, message.holder
  local token = id .. ' ' .. message.attempt .. ' '
  local from = #token + 18
  if string.sub(text, 1, #token) ~= token or string.sub(text, from, from + #holder) ~= holder .. ' ' then return nil end
  from = from + #holder + 1
  local granted_at, tat_before = tonumber(string.sub(text, from, from + 15)), tonumber(string.sub(text, from + 17, -18))
  local ready_at = tonumber(string.sub(text, -16))
  return granted_at and tat_before and ready_at and { granted_at = granted_at, tat_before = tat_before, ready_at = ready_at }
end

-- Whether the token is that of an unknown outcome on hold.
local function is_on_hold(message, record)
  return record and record.attempts == tonumber(message.attempt) and redis.call('ZSCORE', key.unknown, message.id)
end

-- Adds the attempt to the record. Returns the settlement: `stop` becomes failed or wait.
local function count_attempt(sender, message, record, settlement, lease, stopped, now_ms)
  if settlement == 'stop' then settlement = stopped and record.stops > 0 and 'failed' or 'wait' end
  if lease and settlement ~= 'wait' then record.attempts = tonumber(message.attempt) end
  if message.bucket == 'pair' then record.pair_hits = record.pair_hits + 1 elseif settlement ~= 'wait' then record.pair_hits = 0 end
  if stopped then record.stops = record.stops + 1 end
  if message.history ~= '' then
    --- @include append_attempt
    append_attempt(sender, message, record, settlement, lease, now_ms)
  end
  return settlement
end
