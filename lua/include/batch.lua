-- Helpers for scripts that take several messages; the loader builds the list `messages`.

-- The replies to `count` messages, in order. A message whose data cannot be read fails alone.
local function reply_each(count, reply)
  local replies = {}
  for m = 1, count do
    local is_fine, value = pcall(reply, m)
    replies[m] = is_fine and value or { 'error', type(value) == 'table' and value.err or value }
  end
  return replies
end

-- One field of all messages, in order.
local function field_of(messages, name)
  local list = {}
  for m = 1, #messages do list[m] = messages[m][name] end
  return list
end

-- Runs one read command with a field of all messages; returns its values by that field.
local function read_all(messages, name, command, hash)
  local names, found = field_of(messages, name), {}
  local values = hash and redis.call(command, hash, unpack(names)) or redis.call(command, unpack(names))
  for m, value in ipairs(values) do found[names[m]] = value end
  return found
end

local function push(list, a, b)
  list[#list + 1] = a
  list[#list + 1] = b
end

-- Runs a command with the collected arguments, if there are any. Writes.
local function write_all(command, target, list)
  return #list > 0 and redis.call(command, target, unpack(list))
end
