#!lua flags=allow-oom
-- The shares of the daily limit that a portfolio has leased to its senders; their sum never exceeds the limit by a raise. A round begins here, reads
-- the senders, and then leases; once a later round has begun, it changes nothing more.
--
-- Keys:
--   portfolios  hash  portfolio -> round, limit, and `sender=share` for each sender
--
-- Arguments:
--   now        µs      empty for Redis's clock
--   portfolio  word    its name
--   round      number  empty with begin
--   step       word    begin, reduce, raise, or end: removes a portfolio without a share
--   limit      number  raise: -1 for none
--   shares     text    reduce and raise: ` sender=share` for each sender; share -1 for no limit; a reduction to 0 removes it
--
-- Returns:
--   leased  round, shares
--   stale   -              a later round has begun
--- @include clock
--- @include numbers

local text = redis.call('HGET', key.portfolios, arg.portfolio) or ''
local stored_round, limit, stored = string.match(text, '^(%d+) (%-?%d+)(.*)$')
local round, shares = tonumber(stored_round or 0), {}
limit = tonumber(limit or -1)
for sender, share in string.gmatch(stored or '', '(%S+)=(%-?%d+)') do shares[sender] = tonumber(share) end

if arg.step == 'begin' then
  -- Later than what senders remember of an emptied portfolio.
  round = math.max(round + 1, math.floor(clock() / 1000))
elseif round ~= arg.round then
  return { 'stale' }
end
if arg.step == 'reduce' then
  for sender, share in string.gmatch(arg.shares, '(%S+)=(%-?%d+)') do
    shares[sender] = tonumber(share)
    if shares[sender] == 0 then shares[sender] = nil end
  end
elseif arg.step == 'raise' then
  limit = arg.limit
  local left = limit == -1 and math.huge or limit
  for _, share in pairs(shares) do left = share == -1 and -math.huge or left - share end
  for sender, wanted in string.gmatch(arg.shares, '(%S+)=(%-?%d+)') do
    local share, target = shares[sender] or 0, tonumber(wanted)
    if limit == -1 and target == -1 then
      shares[sender] = -1
    elseif share ~= -1 and target > share and left > 0 then
      local added = math.min(left, target - share)
      shares[sender], left = share + added, left - added
    end
  end
end
local names, parts = {}, {}
for sender in pairs(shares) do names[#names + 1] = sender end
table.sort(names)
for _, sender in ipairs(names) do parts[#parts + 1] = ' ' .. sender .. '=' .. int(shares[sender]) end
local leased = table.concat(parts)
if arg.step == 'end' and leased == '' then
  redis.call('HDEL', key.portfolios, arg.portfolio)
else
  redis.call('HSET', key.portfolios, arg.portfolio, int(round) .. ' ' .. int(limit) .. leased)
end
return { 'leased', round, leased }
