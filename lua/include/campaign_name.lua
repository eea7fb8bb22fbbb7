-- The campaign of a message, in the mark of its record (include/template.lua): what follows `#`. Reads only.

-- Of the mark, nil for none.
local function campaign_of(mark)
  return mark and string.match(mark, '#(.+)$')
end

-- The same of the text of a record: the mark is the last word of its header, and ends at `~` where the caller follows. src/settlement/record.ts
-- reads it in the same way.
local function campaign_of_text(text)
  return campaign_of(string.match(text, '^[^\n]* @([^~\n]*)'))
end
