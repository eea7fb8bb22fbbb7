-- Who has to hear of a turn at `turn` (µs, or nil): '' nobody, 'call' a drain job is to be added, 'wake' the shift sleeps
-- past it. Also what the caller has to SET :shift to, so that one caller adds one job and one publishes. A turn more than
-- 5 s away calls nobody: recovery, which looks ahead, will. Needs: clock.
local function attention(shift, turn, now)
  if not turn or turn > now + 5000000 then return '' end
  local attended = redis.call('GET', shift)
  if not attended then return 'call', { 'called', 'PX', 2000 } end
  local holder, wake = string.match(attended, '^(%S+) (%d+)$')
  if wake and turn < tonumber(wake) then return 'wake', { holder .. ' ' .. int(turn), 'KEEPTTL' } end
  return ''
end
