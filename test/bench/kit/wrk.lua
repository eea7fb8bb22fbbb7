-- Bodies of a run of wrk, as programs/generator.mjs writes them, and its result in one line. The environment has what differs from run to run.
local number = tonumber(os.getenv('FROM'))
local senders = {}
for id in os.getenv('SENDERS'):gmatch('%d+') do senders[#senders + 1] = '"sender":"' .. id .. '",' end
local recipients, tag, text = tonumber(os.getenv('RECIPIENTS')), os.getenv('TAG'), os.getenv('TEXT')

function request()
  local n = number
  number = n + 1
  local sender = #senders < 2 and '' or senders[n % #senders + 1]
  return wrk.format('POST', nil, nil, string.format('{%s"to":"+1777%07d","message":"%s","idempotencyKey":"%s-%08d"}',
    sender, n % recipients, text, tag, n))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT %d %d %d %d %.3f %.3f %.3f\n', summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
