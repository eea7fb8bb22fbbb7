-- The faults of a diagnosis as one text, in order, separated by spaces. Reads only.
local function fault_list(faults)
  local names = {}
  for name in pairs(faults) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ' ')
end
