-- The field `limits` of :sender: words, each for something that scripts have to look at before they send some messages. Absent without any.

-- Adds the word, or removes it. Writes.
local function set_limit(word, is_on)
  local text, words = redis.call('HGET', key.sender, 'limits') or '', {}
  for one in string.gmatch(text, '%S+') do
    if one ~= word then words[#words + 1] = one end
  end
  if is_on then words[#words + 1] = word end
  local changed = table.concat(words, ' ')
  if changed == text then return end
  if changed == '' then redis.call('HDEL', key.sender, 'limits') else redis.call('HSET', key.sender, 'limits', changed) end
end
