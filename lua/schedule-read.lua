#!lua flags=allow-oom
-- Decides which node reads the templates of an account, or the node of a phone number, and when the next time. One node at a time reads what is due.
--
-- Keys:
--   account-reads  zset  account -> when it is read next, ms
--   accounts       hash  account -> its last reads
--
-- Arguments:
--   now      µs    empty for Redis's clock
--   account  text  id of the WhatsApp Business account; `number:` and the id of a phone number
--   step     word  begin: if it is due; hint: soon, since something may have changed; read or failed: how a read has ended
--   afterMs  ms    until the next one at the latest; of one that begins, in case its node dies
--   code     word  why it failed, or empty
--
-- Returns:
--   begun      -      the caller reads them now
--   later      -      it is not due
--   scheduled  dueMs  the next read
--- @include clock
--- @include numbers

-- A minute, since reads share Meta's quota of management calls. Accounts that no node reads any more are forgotten after a week.
local LEAST_MS, FORGET_MS = 60000, 7 * 24 * 3600000

local account, now_ms = arg.account, math.floor(clock() / 1000)
local due = tonumber(redis.call('ZSCORE', key.account_reads, account) or nil)
local started, read, failures, code = string.match(redis.call('HGET', key.accounts, account) or '0 0 0 -', '^(%d+) (%d+) (%d+) (%S+)$')
local function write_reads()
  redis.call('HSET', key.accounts, account, int(started) .. ' ' .. int(read) .. ' ' .. int(failures) .. ' ' .. code)
end

if arg.step == 'begin' then
  -- A time too far away was written before Redis's clock was set back.
  if due and due > now_ms and due <= now_ms + arg.afterMs then return { 'later' } end
  started, due = now_ms, now_ms + arg.afterMs
  write_reads()
  redis.call('ZADD', key.account_reads, due, account)
  return { 'begun' }
elseif arg.step == 'hint' then
  due = math.min(due or math.huge, math.max(now_ms, tonumber(started) + LEAST_MS))
elseif arg.step == 'read' then
  -- A hint that came meanwhile stays: the page that it is about may have been read before.
  due, read, failures, code = math.min(due or math.huge, now_ms + arg.afterMs), now_ms, 0, '-'
  write_reads()
else
  failures, code = tonumber(failures) + 1, arg.code
  due = math.min(due or math.huge, now_ms + math.min(arg.afterMs, LEAST_MS * 2 ^ math.min(failures, 20)))
  write_reads()
end
redis.call('ZADD', key.account_reads, due, account)
for _, former in ipairs(redis.call('ZRANGEBYSCORE', key.account_reads, '-inf', now_ms - FORGET_MS, 'LIMIT', 0, 100)) do
  redis.call('ZREM', key.account_reads, former)
  redis.call('HDEL', key.accounts, former)
end
return { 'scheduled', math.floor(due) }
