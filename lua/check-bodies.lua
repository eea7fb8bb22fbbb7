#!lua flags=allow-oom,no-writes
-- Finds callbacks and parked statuses that contradict their due times. Writes nothing.
--
-- Keys:
--   callbacks          hash  subject -> tries and events
--   callbacks-due      zset  subject without a failed try -> ms; of a leased one, the end of the lease
--   callbacks-retries  zset  subject with a failed try -> ms
--   callbacks-since    zset  subject -> ms of its first event
--   parked             zset  status -> ms of the next attempt to match it
--   parked-bodies      hash  status -> ms of its arrival, and its content as JSON
--
-- Arguments per message:
--   name   text   subject of callbacks, or a parked status
--
-- Returns: for each name
--   checked  kinds   names of include/diagnose_body.lua, separated by spaces
--   error    text     of the script itself
--- @include batch
--- @include diagnose_body
--- @include kind_list

return reply_each(#messages, function(m)
  local message = messages[m]
  return { 'checked', kind_list(diagnose_body(message.name)) }
end)
