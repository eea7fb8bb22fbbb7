-- The replies to `count` messages, in order. A message whose data cannot be read fails alone.
local function reply_each(count, reply)
  local replies = {}
  for m = 1, count do
    local is_fine, value = pcall(reply, m)
    replies[m] = is_fine and value or { 'error', type(value) == 'table' and value.err or value }
  end
  return replies
end
