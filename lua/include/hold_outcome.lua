--- @include template_stop
--- @include window
-- What an attempt says of what holds messages back: template, window, or all templates. What it calls writes.

-- What a code of WhatsApp says of the window; bucket `window`, settlement `stop`. If the person wrote within the last day by what is recorded, the
-- message is sent once more, later: Meta knows such errors. Else the window is closed, and the message waits, or is replaced when it is granted
-- again, or fails. Returns the settlement.
local function pass_window(record, granted_ms)
  local plan = record and read_mark(record.template)
  if not plan or plan == 'c' or not read_coverage() then return 'failed' end
  if record.stops == 0 and is_open_by_record(record.recipient, granted_ms) then
    record.stops = 1
    return 'retry'
  end
  close_window(record.recipient, granted_ms)
  record.stops = record.stops + 1
  return plan == 'r' and 'failed' or 'wait'
end

-- What an attempt says of template, window or all templates; bucket `template`, `window` or `templates`, or one that was accepted while all templates
-- are stopped. Returns the settlement, and whether it stops all templates.
local function pass_hold(record, message, settlement, lease, now)
  local at, cool_us = lease and lease.granted_at or now, (message.coolMs or 0) * 1000
  if settlement == 'sent' then return settlement, end_stop(record, at, now) end
  if message.bucket == 'window' then return pass_window(record, math.floor(at / 1000)) end
  if message.bucket == 'templates' then return settlement, pass_stop(message.code, cool_us, at, now) end
  return pass_template(record, settlement, cool_us, message.code, now)
end

-- Whether a message that failed for its window after it was accepted can be sent again: it then waits, or is replaced. Reads only.
local function may_hold(record)
  local plan = record and read_mark(record.template)
  return plan and plan ~= 'r' and plan ~= 'c' and read_coverage()
end

-- What such a failure says of the window. Where it was open by what is recorded, the next attempt decides.
local function bounce_window(record, settled_ms)
  if not read_coverage() or is_open_by_record(record.recipient, settled_ms) then return end
  close_window(record.recipient, settled_ms)
  record.stops = record.stops + 1
end
