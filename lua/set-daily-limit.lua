#!lua flags=allow-oom
-- Writes the daily limit of a sender: by the settings of a start, or as WhatsApp says. Begins or ends the count of recipients. Of what WhatsApp says
-- the newest holds; a webhook that raises what a node said may be late, and only the next read of the node does so. A lower
-- limit of its portfolio takes the sender's share: shares of the higher one may be leased still, and rounds under way may raise them.
--
-- Keys:
--   sender  hash  rules and state
--   daily   zset  recipient -> when it was counted for the daily limit, ms
--
-- Arguments:
--   now             µs     empty for Redis's clock
--   step            word   settings; off: nothing is counted; node or webhook: WhatsApp says so
--   limit           count  settings: of this sender, -1 for none; node and webhook: of its portfolio, -1 for none
--   portfolio       word   settings: its name; `-` for none
--   portfolioLimit  count  settings: of the portfolio, -1 for none
--   ramp            text   settings: first day (ms) and the limits of the days; empty for none
--
-- Returns:
--   written    portfolio, was, limit  the limit that WhatsApp has set, before and now: -1 for none, -2 if it is not known
--   unchanged  -                       a late webhook, or recipients are not counted
--- @include clock
--- @include daily
--- @include limits

local now_ms = math.floor(clock() / 1000)
local settings, known, share = unpack(redis.call('HMGET', key.sender, 'dailyLimit', 'dailyKnown', 'dailyShare'))
local portfolio = string.match(share or '-', '^%S+')
local was, source = string.match(known or '-2 none', '^(%-?%d+) (%a+)')
was = tonumber(was)

-- Writes a limit. After a lower one of the portfolio, only a later round gives the sender a share again, and reads that limit before.
local function write_limit(field, text)
  local before = portfolio_limit(settings, known)
  local after = field == 'dailyLimit' and portfolio_limit(text, known) or portfolio_limit(settings, text)
  redis.call('HSET', key.sender, field, text)
  if not share or after >= before then return end
  local round = tonumber(string.match(share, '%d+$') or 0)
  redis.call('HSET', key.sender, 'dailyShare', portfolio .. ' 0 ' .. int(math.max(now_ms, round) + 1))
end

if arg.step == 'off' then
  redis.call('HDEL', key.sender, 'dailyLimit', 'dailyKnown', 'dailyRamp', 'dailyShare')
  redis.call('UNLINK', key.daily)
  set_limit('daily', false)
  return { 'written', '-', was, -2 }
end
if arg.step == 'settings' then
  write_limit('dailyLimit', int(arg.limit) .. ' ' .. int(arg.portfolioLimit))
  if arg.ramp == '' then redis.call('HDEL', key.sender, 'dailyRamp') else redis.call('HSET', key.sender, 'dailyRamp', arg.ramp) end
  if arg.portfolio == '-' then redis.call('HDEL', key.sender, 'dailyShare')
  elseif arg.portfolio ~= portfolio then
    -- Nothing until the portfolio gives it a share. No share of an earlier time is written any more.
    redis.call('HSET', key.sender, 'dailyShare', arg.portfolio .. ' 0 ' .. int(now_ms))
  end
  set_limit('daily', true)
  return { 'written', arg.portfolio, was, was }
end
if not settings then return { 'unchanged' } end
local is_raise = arg.limit == -1 or was >= 0 and arg.limit > was
if arg.step == 'webhook' and source == 'node' and was ~= -1 and is_raise then return { 'unchanged' } end
write_limit('dailyKnown', int(arg.limit) .. ' ' .. arg.step .. ' ' .. int(now_ms))
return { 'written', portfolio, was, arg.limit }
