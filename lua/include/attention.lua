-- Who has to hear of a turn at `turn` (µs, or nil): '' nobody, 'call' a drain job is to be added, 'wake' the shift sleeps
-- past it, 'later' nobody attends and nobody needs to yet (it is more than 5 s away, or the sender is shut): it belongs on
-- the agenda, by which recovery looks ahead. Also what the caller has to SET :shift to, so that one caller adds one job
-- and one publishes. Needs: clock.
local function attention(shift, turn, now, shut)
  if not turn then return '' end
  local attended = redis.call('GET', shift)
  if not attended and (shut or turn > now + 5000000) then return 'later' end
  if not attended then return 'call', { 'called', 'PX', 2000 } end
  local holder, wake = string.match(attended, '^(%S+) (%d+)$')
  if wake and turn < tonumber(wake) and not shut then return 'wake', { holder .. ' ' .. int(turn), 'KEEPTTL' } end
  return ''
end

-- Who has to hear of the earliest turn that a call has made (math.huge: none); `told` is the answer that says so, at `place`.
local function call_attention(shift, turn, now, shut, told, place)
  if turn == math.huge then return end
  local who, value = attention(shift, turn, now, shut)
  if value then redis.call('SET', shift, unpack(value)) end
  told[place] = who
end
