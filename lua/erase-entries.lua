#!lua flags=allow-oom
-- Removes the entries of a term from the look-up index of one hour: those of one message, or all.
--
-- Keys:
--   index   hash  this hour's look-up index, prefix of a term -> entries
--   recent  zset  entries of full lists, lex `term:generation.digest`
--
-- Arguments:
--   term      hex   hashed
--   position  text  `generation.digest` of the message; empty for all messages
--
-- Returns:
--   erased  count   entries

local wanted, count = arg.term .. ':' .. arg.position, 0
for length = 1, #arg.term do
  local prefix = string.sub(arg.term, 1, length)
  local kept, before = {}, count
  for entry in string.gmatch(redis.call('HGET', key.index, prefix) or '', '%S+') do
    if string.sub(entry, 1, #wanted) == wanted then count = count + 1 else kept[#kept + 1] = entry end
  end
  if #kept > 0 and count > before then
    redis.call('HSET', key.index, prefix, table.concat(kept, ' '))
  elseif count > before then
    redis.call('HDEL', key.index, prefix)
  end
end
local last = arg.position == '' and '(' .. arg.term .. ';' or '[' .. wanted
return { 'erased', count + redis.call('ZREMRANGEBYLEX', key.recent, '[' .. wanted, last) }
