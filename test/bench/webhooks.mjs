#!/usr/bin/env node
/**
 * How fast a node processes Meta's webhooks: posts of 1,000 statuses one after the other and four at a time, posts of one status, and
 * posts of statuses of unknown messages. All are signed and formatted as Meta's, and each is the first status of its message.
 *
 *     npm run webhooks -- [posts of 1,000 a row, 10]
 */
import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import { sendersOf } from './kit/gateway.mjs'
import { createEnvironment, meter } from './kit/environment.mjs'
import { SHARED, isPinned } from './kit/process.mjs'
import { machine, settingsOf } from './kit/report.mjs'

const posts = Number(process.argv[2] ?? 10)
const PER_POST = 1000
const SINGLES = 5000
const SENDERS = 10
const SECRET = 'bench-app-secret'
const senders = sendersOf(SENDERS)
if (isPinned) execFileSync('taskset', ['-a', '-c', '-p', String(SHARED), String(process.pid)], { stdio: 'ignore' })

const environment = createEnvironment()
const provider = await environment.provider()
await provider.configure({ delayMs: 0, records: true })
const redis = await environment.redis()
const gateway = await environment.gateway({
  redis,
  apiUrl: provider.url,
  senders: SENDERS,
  env: { WHATSAPP_APP_SECRET: SECRET, WHATSAPP_VERIFY_TOKEN: 'bench-verify-token' }
})
const pool = new Pool(new URL(gateway.url).origin, { connections: 64 })
/** The prefix of the ids of the fake provider; a number follows. */
const WAMID = 'wamid.HBgLMTc3NzAwMDAwMDAVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3'

/** Sends `count` messages, and returns for each what a status of it contains. */
async function send (count) {
  const messages = []
  for (let from = 0; from < count; from += PER_POST) {
    const sender = senders[(from / PER_POST) % SENDERS]
    const rows = Array.from({ length: Math.min(PER_POST, count - from) }, (_, i) => ({
      to: `1777${String(from + i).padStart(7, '0')}`,
      message: 'Hello',
      sender
    }))
    let batch
    // Repeated while the node is overloaded; a repeat of an accepted batch returns duplicates with the same ids.
    do {
      batch = await fetch(`${gateway.url}/batch`, {
        method: 'POST',
        headers: { ...gateway.headers, 'content-type': 'application/json' },
        body: JSON.stringify(rows)
      })
    }
    while (batch.status === 503)
    const { results } = await batch.json()
    messages.push(...rows.map(({ to }, i) => ({ to, sender, opaque: `${results[i].id.slice(sender.length + 1)}.1` })))
  }
  process.stderr.write(`${count} messages are accepted, and on their way\n`)
  await provider.reached(count)
  await gateway.settled()
  const numbers = new Map((await provider.arrivals()).map(([to], i) => [to, String(i + 1).padStart(8, '0')]))
  return messages.map(message => ({ ...message, wamid: WAMID + numbers.get(message.to) }))
}

/** One post about messages of one sender, with all fields of Meta's statuses. */
function bodyOf (messages) {
  const statuses = messages.map(({ to, wamid, opaque }) => ({
    id: wamid,
    status: 'delivered',
    timestamp: String(Math.floor(Date.now() / 1000)),
    recipient_id: to,
    recipient_user_id: 'US.13491208655302741918',
    ...opaque === undefined ? {} : { biz_opaque_callback_data: opaque },
    conversation: { id: '6b1f0d3a4f6c4a7c9d0e1b2a3c4d5e6f', expiration_timestamp: '1795700000', origin: { type: 'utility' } },
    pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' }
  }))
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: messages[0].sender },
    contacts: [{ profile: { name: 'Ann' }, wa_id: messages[0].to }],
    statuses
  }
  const body = Buffer.from(
    JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '102290129340398', changes: [{ field: 'messages', value }] }] }).replaceAll(
      '/',
      '\\/'
    )
  )
  return {
    body,
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` }
  }
}

/** Posts all bodies, `atOnce` at a time; a rejected one is posted again, as Meta does. */
async function measure (name, bodies, { atOnce, updates }) {
  const latencies = []
  let refused = 0
  let next = 0
  const post = async () => {
    while (next < bodies.length) {
      const request = bodies[next++]
      for (;;) {
        const startedAt = performance.now()
        const { statusCode, body } = await pool.request({ path: '/webhooks/whatsapp', method: 'POST', ...request })
        await body.dump()
        latencies.push(performance.now() - startedAt)
        if (statusCode === 200) break
        refused++
      }
    }
  }
  const startedAt = performance.now()
  const { nodeUs, redisUs } = await meter({ process: gateway, redis }, async () => await Promise.all(Array.from({ length: atOnce }, post)))
  const seconds = (performance.now() - startedAt) / 1000
  latencies.sort((a, b) => a - b)
  const percentile = share => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))]
  const all = bodies.length * updates
  const kilobytes = Math.round(bodies[0].body.length / 1024)
  console.log(
    `| ${name} | ${kilobytes} | ${Math.round(all / seconds).toLocaleString('en')} ` +
      `| ${[percentile(0.5), percentile(0.99), latencies.at(-1)].map(ms => (ms < 10 ? ms.toFixed(1) : Math.round(ms))).join(', ')} ` +
      `| ${Math.round(nodeUs / all)}, ${Math.round(redisUs / all)} | ${refused} |`
  )
}

const inPosts = messages =>
  Array.from({ length: Math.ceil(messages.length / PER_POST) }, (_, i) => bodyOf(messages.slice(i * PER_POST, (i + 1) * PER_POST)))

try {
  const messages = await send(2 * posts * PER_POST + SINGLES)
  const one = inPosts(messages.slice(0, posts * PER_POST))
  const four = inPosts(messages.slice(posts * PER_POST, 2 * posts * PER_POST))
  const singles = messages.slice(2 * posts * PER_POST).map(message => bodyOf([message]))
  const strangers = inPosts(messages.slice(0, posts * PER_POST).map(({ to, sender }, i) => ({ to, sender, wamid: `wamid.UNKNOWN${i}` })))
  console.log(`\n${settingsOf([{ part: '', ...machine() }])} ${posts} posts a row.\n`)
  console.log('| posts | kB each | updates a second | latency, ms (p50, p99, max) | CPU per update, µs (node, Redis) | repeated |')
  console.log('|---|---|---|---|---|---|')
  await measure('1,000 updates, one after the other', one, { atOnce: 1, updates: PER_POST })
  await measure('1,000 updates, four at a time', four, { atOnce: 4, updates: PER_POST })
  await measure('1,000 updates of unknown messages, one after the other', strangers, { atOnce: 1, updates: PER_POST })
  await measure(`one update, 64 at a time, ${SINGLES.toLocaleString('en')} posts`, singles, { atOnce: 64, updates: 1 })
  await pool.destroy()
  // Check in the gateway's own records that the statuses were applied, not only accepted.
  const states = await Promise.all(
    [0, posts * PER_POST, messages.length - 1].map(
      async i => (await gateway.ask('GET', `/api/v1/messages/${messages[i].sender}.${messages[i].opaque.slice(0, -2)}`)).status
    )
  )
  console.log(`\nState of the first message of each kind: ${states.join(', ')}`)
} finally {
  await environment.end()
}
