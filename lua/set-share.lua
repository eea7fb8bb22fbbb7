#!lua flags=allow-oom
-- Reads what a sender uses of the daily limit, and writes its share of the limit of its portfolio. The sender never has a larger share than the
-- portfolio has leased to it: a raise is written there first, a reduction here first (lease-shares.lua). A round of the portfolio that reads here
-- ends the earlier ones.
--
-- Keys:
--   sender       hash  rules and state
--   daily        zset  recipient -> when it was counted for the daily limit, ms
--   daily-queue  zset  recipient -> number of its first message that waits for the daily limit
--
-- Arguments:
--   now        µs      empty for Redis's clock
--   portfolio  word    its name
--   round      number  of the portfolio
--   step       word    read; raise; reduce, to what it uses at the least; or stop: to 0, whatever it uses
--   share      number  raise and reduce; -1 for no limit
--
-- Returns:
--   share  share, used, people, limit   share: now; people: how many wait; limit: of the portfolio, as this sender knows it, -1 for none
--   other  used                         it is not, or no longer, in this portfolio
--   stale  -                            a later round has begun
--- @include clock
--- @include daily

local now_ms = math.floor(clock() / 1000)
local settings, known, text = unpack(redis.call('HMGET', key.sender, 'dailyLimit', 'dailyKnown', 'dailyShare'))
local portfolio, share, round = string.match(text or '', '^(%S+) (%-?%d+) (%d+)$')
local used = daily_used(now_ms)
if portfolio ~= arg.portfolio then return { 'other', used } end
share, round = tonumber(share), tonumber(round)
if arg.round < round then return { 'stale' } end
local written = share
if arg.step == 'raise' then
  if share ~= -1 then written = arg.share == -1 and -1 or math.max(share, arg.share) end
elseif arg.step == 'stop' then
  written = 0
elseif arg.step == 'reduce' and arg.share ~= -1 then
  written = math.max(arg.share, used)
  if share ~= -1 then written = math.min(share, written) end
end
if written ~= share or arg.round > round then
  redis.call('HSET', key.sender, 'dailyShare', portfolio .. ' ' .. int(written) .. ' ' .. int(arg.round))
end
local limit = portfolio_limit(settings, known)
return { 'share', written, used, redis.call('ZCARD', key.daily_queue), limit == math.huge and -1 or limit }
