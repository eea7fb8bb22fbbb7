-- What a history says of the attempts that the provider accepted. Reads only.

-- Message id -> `accepted`, `bounced` (it failed later) or `delivered` (whatever was reported besides). Other tags name no message id: `lease`
-- names the holder of a lease that expired.
local function marks_of(body)
  local marks = {}
  for tag, wamid in string.gmatch(body or '', '\n%d+:(%a+)=(%S+) ') do
    local mark = marks[wamid]
    local is_mark = tag == 'accepted' or tag == 'bounced' or tag == 'delivered'
    if is_mark and mark ~= 'delivered' and not (mark and tag == 'accepted') then marks[wamid] = tag end
  end
  return marks
end

-- Another message id than this one that is a success as far as is known, or nil.
local function other_success(marks, wamid)
  for other, mark in pairs(marks) do
    if other ~= wamid and mark ~= 'bounced' then return other end
  end
end

-- The tag of the last entry that has one, or nil.
local function last_tag(body)
  local last
  for tag in string.gmatch(body or '', '\n%d+:(%a+)') do last = tag end
  return last
end
