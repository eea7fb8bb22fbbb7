#!lua flags=allow-oom
-- Notes that a recipient wants no marketing from the sender, and names what waits in line for it; or that it wants some again.
--
-- KEYS[1]  opt-outs      hash  recipient -> since when, and why; -recipient -> until when it had been out, ms
-- KEYS[2]  backlog       hash  id -> record of an unsettled message
-- KEYS[3]  lines:urgent  zset  who waits
-- KEYS[4]  lines:normal  zset  who waits
-- KEYS[5]  lines:bulk    zset  who waits
--
-- ARGV[1]  now        µs    '' for Redis's clock
-- ARGV[2]  recipient  text  canonical
-- ARGV[3]  wish       word  stop or resume
-- ARGV[4]  note       JSON  who said so, and why, one line
-- ARGV[5]  atMs       ms    when the recipient said so; '' for now. What it said later goes before it, in whichever order they are told
--
-- Returns:
--   {was opted out 0 or 1, since when in ms, id of a marketing message that waits, ...}
--- @include clock
--- @include record
local opt_outs, backlog, lines = KEYS[1], KEYS[2], { KEYS[3], KEYS[4], KEYS[5] }
local given, recipient, wish, note, at = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local back, known = '-' .. recipient, redis.call('HGET', opt_outs, recipient)
local since = tonumber(string.match(known or '', '^%d+') or 0)
local now_ms = math.floor(clock(given) / 1000)
if wish == 'resume' then
  local said = math.min(at or now_ms, now_ms)
  if known and said < since then return { 1, since } end
  redis.call('HDEL', opt_outs, recipient)
  -- Kept, because the provider tells things late and again: an older wish to stop is none any more.
  redis.call('HSET', opt_outs, back, int(math.max(said, tonumber(redis.call('HGET', opt_outs, back) or 0))))
  return { known and 1 or 0, since }
end
if at and at < tonumber(redis.call('HGET', opt_outs, back) or 0) then return { known and 1 or 0, since } end
local said = math.min(at or now_ms, now_ms)
if not known or (at and said > since) then
  since = said
  redis.call('HSET', opt_outs, recipient, int(since) .. ' ' .. note)
  redis.call('HDEL', opt_outs, back)
end
local reply = { known and 1 or 0, since }
for lane = 1, 3 do
  local range = { '[' .. recipient .. ':', '(' .. recipient .. ';' }
  for _, member in ipairs(redis.call('ZRANGEBYLEX', lines[lane], range[1], range[2])) do
    local id = string.match(member, '^[^:]+:%d+:(.+)$')
    local text = redis.call('HGET', backlog, id)
    if text and read_record(text).marketing then reply[#reply + 1] = id end
  end
end
return reply
