-- The kinds of contradictions that a diagnosis found, as one text, in order, separated by spaces. Reads only.
local function kind_list(kinds)
  local names = {}
  for name in pairs(kinds) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ' ')
end
