-- Appends the number of a message to the chain of a term: `+term` is its newest part, `+term.` the number of full ones, `+term.1` the first of
-- these. `lists`: of this hour's look-up index, as far as they are read; the caller writes them. Reads only.
local function join_chain(lists, term, number)
  local field = '+' .. term
  local chunk = lists[field] or redis.call('HGET', key.index, field) or ''
  if #chunk + #number >= 1018 then
    local full = string.format('%d', (lists[field .. '.'] or redis.call('HGET', key.index, field .. '.') or 0) + 1)
    lists[field .. '.'], lists[field .. '.' .. full] = full, chunk
    chunk = ''
  end
  lists[field] = chunk .. number
end
