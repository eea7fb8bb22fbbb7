#!/usr/bin/env node
/**
 * The cost of the look-up index: bytes and Redis CPU per message with it and without, and the time of a look-up.
 *
 *     npm run build && node test/bench/find.mjs [messages, 100000] [rounds, 5]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { digest } from '../../dist/admission/key.js'
import { createRun } from '../../dist/redis/commands.js'
import { startEmbeddedRedis } from '../../dist/redis/embedded.js'
import { findTerm, findTerms, indexEntry } from '../../dist/redis/lookup-index.js'
import { findMessages } from '../../dist/settlement/find.js'
import { ADMISSION } from './kit/operations.mjs'

const messages = Number(process.argv[2] ?? 100_000)
const rounds = Number(process.argv[3] ?? 5)
const recipients = Math.ceil(messages / 10)
const dir = await mkdtemp(join(tmpdir(), 'sluice-find-'))
const server = await startEmbeddedRedis({ dir })
const redis = new Redis(server.url)
const sender = '100000000000001'
const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

async function usage () {
  const info = await redis.info()
  const cpu = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0)
  return { bytes: Number(/^used_memory:(\d+)/m.exec(info)[1]), cpu }
}

/** Admits and settles every message, each 10 µs of virtual time later; returns the cost per message. */
async function fill (prefix, metadata) {
  const run = createRun(redis, prefix)
  await run(
    'quota',
    { sender },
    { operator: true, settings: '', pairIntervalUs: 1, pairBurst: 1, senderIntervalUs: 1, senderBurst: 1000, maxInFlight: 100_000, perSecond: 1000 }
  )
  const before = await usage()
  for (let from = 0; from < messages; from += 500) {
    await Promise.all(Array.from({ length: Math.min(500, messages - from) }, async (_, i) => await storeOne(run, from + i, metadata)))
  }
  const after = await usage()
  return { bytes: (after.bytes - before.bytes) / messages, us: (after.cpu - before.cpu) * 1e6 / messages }
}

async function storeOne (run, n, metadata) {
  const now = Date.now() * 1000 + n * 10
  const recipient = `p1555${String(n % recipients).padStart(7, '0')}`
  const name = digest(sender, 'web', `key-${n}`)
  const at = { sender, digest: name }
  const { generation } = await run('admit', at, {
    now,
    ...ADMISSION,
    digest: name,
    fingerprint: 'ff',
    recipient,
    payload: JSON.stringify({ to: recipient, type: 'text', message: 'x'.repeat(200), caller: 'web', keySource: 'header' }),
    inline: true,
    runId: 'r',
    ...(metadata === null ? {} : { terms: findTerms(recipient, { ...metadata, orderId: n }), findS: 90_000 })
  })
  const wamid = `wamid.${Buffer.from(`HBgL${n}`.padEnd(40, '0')).toString('base64')}`
  await run('settle', at, {
    now: now + 1,
    id: `${name}.${generation}`,
    recipient,
    attempt: 1,
    holder: 'n:1',
    settlement: 'sent',
    startedUs: 1,
    afterMs: 0,
    bucket: '',
    coolMs: 0,
    code: '',
    resultSuffix: `web ${wamid}`,
    history: '',
    ...(metadata === null ? {} : { term: indexEntry(findTerm('provider', wamid), `${name}.${generation}`), findS: 90_000 })
  })
}

const kinds = { 'no index': null, 'index, one tag': {} }
const results = { 'no index': [], 'index, one tag': [] }
const latencies = []
for (let round = 1; round <= rounds; round++) {
  for (const [kind, metadata] of Object.entries(kinds)) {
    await redis.flushall()
    results[kind].push(await fill(`b${round}`, metadata))
    process.stderr.write(`round ${round} of ${rounds}: ${kind}\n`)
  }
  const store = { redis, prefix: `b${round}`, run: createRun(redis, `b${round}`) }
  for (let i = 0; i < 200; i++) {
    const startedAt = performance.now()
    await findMessages(store, sender, 86_400_000, { terms: [findTerm('recipient', `p1555${String(i).padStart(7, '0')}`)], digests: [], limit: 20 })
    latencies.push(performance.now() - startedAt)
  }
}
for (const [kind, found] of Object.entries(results)) {
  console.log(
    `${kind.padEnd(16)} ${median(found.map(({ bytes }) => bytes)).toFixed(0)} bytes and ${median(found.map(({ us }) => us)).toFixed(1)} ` +
      `µs of Redis CPU a message (admit and settle, median of ${rounds})`
  )
}
console.log(`look-up by recipient, 10 messages found, ${messages} stored: median ${median(latencies).toFixed(2)} ms, reading each included`)
redis.disconnect()
await server.stop()
await rm(dir, { recursive: true })
