-- A call brings one message or several. Behind the keys and arguments that all share, each has its own: the loader counts both in the
-- header, and gives the counts to the script as SHARED_KEYS, EACH_KEYS, SHARED_ARGV, EACH_ARGV.

-- What of a list belongs to the m-th message.
local function part(list, shared, each, m)
  local from = shared + (m - 1) * each
  return { unpack(list, from + 1, from + each) }
end

-- Answers for so many messages, in order. One whose data can't be read fails by itself and takes nobody along.
local function answer_each(count, answer)
  local told = {}
  for m = 1, count do
    local fine, reply = pcall(answer, m)
    told[m] = fine and reply or { 'fault', type(reply) == 'table' and reply.err or reply }
  end
  return told
end

-- One field of all messages, in order.
local function field_of(messages, name)
  local list = {}
  for m = 1, #messages do list[m] = messages[m][name] end
  return list
end

-- What one command says of a field of all messages, by that field.
local function read_all(messages, name, command, key)
  local names, found = field_of(messages, name), {}
  local values = key and redis.call(command, key, unpack(names)) or redis.call(command, unpack(names))
  for m, value in ipairs(values) do found[names[m]] = value end
  return found
end

local function push(list, a, b)
  list[#list + 1] = a
  list[#list + 1] = b
end

-- A command over all that was gathered for it, if anything was; its answer.
local function write_all(command, key, list)
  return #list > 0 and redis.call(command, key, unpack(list))
end
