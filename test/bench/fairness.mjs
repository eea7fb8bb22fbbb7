#!/usr/bin/env node
/**
 * How evenly callers, and campaigns of one caller, share a sender: Jain's index of what arrives at the provider in any 10 s, at 80 and 1,000 messages
 * a second. It measures the gateway as a whole. One of five has its backlog before the others, and twice as much.
 *
 *     npm run fairness -- [--write: into docs/callers.md]
 */
import { fileURLToPath } from 'node:url'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { createEnvironment } from './kit/environment.mjs'
import { adminKey } from './kit/gateway.mjs'
import { writeBlock } from './kit/write.mjs'

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const RATES = [80, 1000]
const COUNT = 5
const SPAN_MS = 10_000
/** So long all five have messages waiting. */
const BUSY_MS = 12_000
const STEP_MS = 100
const ROWS = 500
const SENDER = '100000000000000'
const keyOf = n => `bench-caller-${n}-0123456789`
const numberOf = (n, i) => `1777${n}${String(i).padStart(6, '0')}`

/** `isByCampaign`: five campaigns of one caller instead of five callers. */
async function measure (perSecond, isByCampaign) {
  const environment = createEnvironment()
  try {
    const provider = await environment.provider()
    await provider.configure({ delayMs: 5, records: true })
    const redis = await environment.redis()
    const callers = Array.from({ length: COUNT }, (_, n) => `caller${n}:${keyOf(n)}:send`)
    const gateway = await environment.gateway({
      redis,
      apiUrl: provider.url,
      rules: { perSecond },
      env: { API_KEYS: [...isByCampaign ? [] : callers, `admin:${adminKey}:admin`].join(',') }
    })
    const each = perSecond * BUSY_MS / 1000 / COUNT
    const post = async (n, count) => {
      for (let from = 0; from < count; from += ROWS) {
        const rows = Array.from({ length: Math.min(ROWS, count - from) }, (_, i) =>
          ({ to: `+${numberOf(n, from + i)}`, message: 'Hello', ...isByCampaign ? { campaign: `campaign${n}` } : {} }))
        const response = await fetch(`${gateway.url}/batch`, {
          method: 'POST',
          headers: { authorization: `Bearer ${isByCampaign ? adminKey : keyOf(n)}`, 'content-type': 'application/json' },
          body: JSON.stringify(rows)
        })
        if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
      }
    }
    await gateway.ask('POST', `/api/v1/senders/${SENDER}/pause`, {})
    await post(0, each * 2)
    for (let n = 1; n < COUNT; n++) await post(n, each)
    await gateway.ask('POST', `/api/v1/senders/${SENDER}/resume`)
    await provider.reached(each * (COUNT + 1))
    const arrivals = (await provider.arrivals()).map(([to, at]) => ({ n: Number(to[4]), at })).sort((a, b) => a.at - b.at)
    return indexesOf(arrivals)
  } finally {
    await environment.end()
  }
}

/** The least index of all spans while all had messages, and the mean. */
function indexesOf (arrivals) {
  const lasts = Array.from({ length: COUNT }, (_, n) => arrivals.findLast(one => one.n === n)?.at ?? 0)
  const indexes = []
  for (let from = arrivals[0].at; from + SPAN_MS <= Math.min(...lasts); from += STEP_MS) {
    const counts = Array.from({ length: COUNT }, () => 0)
    for (const { n, at } of arrivals) if (at >= from && at < from + SPAN_MS) counts[n]++
    const sum = counts.reduce((total, count) => total + count, 0)
    indexes.push(sum ** 2 / (COUNT * counts.reduce((total, count) => total + count ** 2, 0)))
  }
  if (indexes.length === 0) throw new Error('no span in which all had messages')
  return { least: Math.min(...indexes), spans: indexes.length }
}

const lines = ['| share | messages a second | spans of 10 s | least of Jain\'s index |', '|---|---|---|---|']
const say = line => {
  lines.push(line)
  process.stdout.write(`${line}\n`)
}
process.stdout.write(`${lines.join('\n')}\n`)
let isFair = true
for (const isByCampaign of [false, true]) {
  for (const perSecond of RATES) {
    const { least, spans } = await measure(perSecond, isByCampaign)
    isFair &&= least >= 0.99
    say(`| ${COUNT} ${isByCampaign ? 'campaigns of a caller' : 'callers'} | ${perSecond} | ${spans} | ${least.toFixed(5)} |`)
  }
}
if (values.write) {
  const text = `${lines.join('\n')}\n\n\`npm run fairness\`, on ${new Date().toISOString().slice(0, 10)}, load average ${loadavg()[0].toFixed(1)}.`
  writeBlock(fileURLToPath(new URL('../../docs/callers.md', import.meta.url)), 'fairness', text)
}
process.exit(isFair ? 0 : 1)
