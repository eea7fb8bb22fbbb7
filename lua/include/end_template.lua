--- @include template
-- The end of a stop of a template, or of all of them.

-- Nothing stops it any more: what waits for it is released, and the entry goes with the last of it. `former`: the entry now, nil for none. Writes.
local function end_template(template, former, name, now)
  if template == ALL_TEMPLATES then
    set_limit('stop', false)
    -- An attempt of before says nothing of the sender as it is now.
    redis.call('HSET', key.sender, 'resumedAt', int(now))
  end
  local first = redis.call('ZRANGEBYLEX', key.suspended, '[' .. template .. ':', '(' .. template .. ';', 'LIMIT', 0, 1)[1]
  if not first then
    redis.call('HDEL', key.templates, template)
  elseif not former or former.state ~= 'releasing' then
    mark_template(template, 'releasing', 0, '0', name, now)
  end
end
