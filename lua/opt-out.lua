#!lua flags=allow-oom
-- Opts a recipient out of the sender's marketing, and returns its queued marketing messages; or opts it in again.
--
-- Keys:
--   opt-outs      hash  recipient -> since when, and why; -recipient -> when it opted in again, ms
--   backlog       hash  id -> record of an unsettled message
--   queue:<lane>  zset  messages that wait
--
-- Arguments:
--   now         µs    empty for Redis's clock
--   recipient   text  canonical
--   preference  word  stop or resume
--   source      JSON  who opted it out, and why, one line
--   atMs        ms    when the recipient decided; empty for now. The latest decision counts, in whichever order they arrive
--
-- Returns:
--   written  was?, sinceMs, waiting   whether it was opted out before, since when, and ids of queued marketing messages
--- @include clock
--- @include queue
--- @include record

local recipient, back = arg.recipient, '-' .. arg.recipient
local known = redis.call('HGET', key.opt_outs, recipient)
local since = tonumber(string.match(known or '', '^%d+') or 0)
local now_ms = math.floor(clock() / 1000)
local decided = math.min(arg.atMs or now_ms, now_ms)
local resumed = tonumber(redis.call('HGET', key.opt_outs, back) or nil) or 0
if arg.preference == 'resume' then
  if known and decided < since then return { 'written', 1, since, {} } end
  redis.call('HDEL', key.opt_outs, recipient)
  -- Kept, since the provider reports late and repeatedly: a stop that is older than this no longer counts.
  redis.call('HSET', key.opt_outs, back, int(math.max(decided, resumed)))
  return { 'written', known and 1 or 0, since, {} }
end
if arg.atMs and arg.atMs < resumed then return { 'written', known and 1 or 0, since, {} } end
if not known or (arg.atMs and decided > since) then
  since = decided
  redis.call('HSET', key.opt_outs, recipient, int(since) .. ' ' .. arg.source)
  redis.call('HDEL', key.opt_outs, back)
end
local waiting = {}
for lane = 1, LANES do
  for _, member in ipairs(redis.call('ZRANGEBYLEX', key.queue[lane], '[' .. recipient .. ':', '(' .. recipient .. ';')) do
    local id = id_of(member)
    local text = redis.call('HGET', key.backlog, id)
    local record = text and read_record(text)
    if record and record.marketing then waiting[#waiting + 1] = id end
  end
end
return { 'written', known and 1 or 0, since, waiting }
