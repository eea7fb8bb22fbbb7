#!lua flags=allow-oom
-- Records that a recipient wants no marketing from the sender, and names the marketing that waits for it; or that it wants some again.
--
-- Keys:
--   opt-outs      hash  recipient -> since when, and why; -recipient -> until when it had been out, ms
--   backlog       hash  id -> record of an unsettled message
--   queue:<lane>  zset  messages that wait
--
-- Arguments:
--   now         µs    empty for Redis's clock
--   recipient   text  canonical
--   preference  word  stop or resume
--   note        JSON  who said so, and why, one line
--   atMs        ms    when the recipient said so; empty for now. The later statement counts, in whichever order they arrive
--
-- Returns:
--   written  was?, sinceMs, waiting   whether it was opted out before, since when, and ids of marketing messages that wait
--- @include clock
--- @include queue
--- @include record

local recipient, back = arg.recipient, '-' .. arg.recipient
local known = redis.call('HGET', key.opt_outs, recipient)
local since = tonumber(string.match(known or '', '^%d+') or 0)
local now_ms = math.floor(clock() / 1000)
local said = math.min(arg.atMs or now_ms, now_ms)
if arg.preference == 'resume' then
  if known and said < since then return { 'written', 1, since, {} } end
  redis.call('HDEL', key.opt_outs, recipient)
  -- Kept, because the provider reports late and repeatedly: an older stop no longer counts.
  redis.call('HSET', key.opt_outs, back, int(math.max(said, tonumber(redis.call('HGET', key.opt_outs, back) or 0))))
  return { 'written', known and 1 or 0, since, {} }
end
if arg.atMs and arg.atMs < tonumber(redis.call('HGET', key.opt_outs, back) or 0) then return { 'written', known and 1 or 0, since, {} } end
if not known or (arg.atMs and said > since) then
  since = said
  redis.call('HSET', key.opt_outs, recipient, int(since) .. ' ' .. arg.note)
  redis.call('HDEL', key.opt_outs, back)
end
local waiting = {}
for lane = 1, LANES do
  for _, member in ipairs(redis.call('ZRANGEBYLEX', key.queue[lane], '[' .. recipient .. ':', '(' .. recipient .. ';')) do
    local id = id_of(member)
    local text = redis.call('HGET', key.backlog, id)
    if text and read_record(text).marketing then waiting[#waiting + 1] = id end
  end
end
return { 'written', known and 1 or 0, since, waiting }
