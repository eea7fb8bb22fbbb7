#!/usr/bin/env node
/**
 * What the look-up index takes in memory, compared with other ways to keep it, and how long searches take in it.
 *
 *     npm run build && node test/bench/search.mjs [messages, 100000,1000000]
 *
 * The index is written by lua/include/lookup_index.lua itself, over the hours of a week. Each message has a recipient, a tag that no other has, and a
 * campaign that a tenth of all have. Only messages that are found are stored.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createRun } from '../../dist/redis/commands.js'
import { startEmbeddedRedis } from '../../dist/redis/embedded.js'
import { findTerm, findTerms } from '../../dist/redis/lookup-index.js'
import { findMessages } from '../../dist/settlement/find.js'

const sizes = (process.argv[2] ?? '100000,1000000').split(',').map(Number)
const HOUR_MS = 3_600_000
const HOURS = 168
const SOME = 20_000
const sender = '100000000000001'
const dir = await mkdtemp(join(tmpdir(), 'sluice-search-'))
const server = await startEmbeddedRedis({ dir })
const redis = new Redis(server.url)
const nowMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
const read = async name => (await readFile(new URL(`../../lua/include/${name}.lua`, import.meta.url), 'utf8')).replace(/^--- @include .*$/gm, '')
const index = `#!lua
${await read('numbers')}
${(await read('lookup_index')).replaceAll('key.index', 'KEYS[1]').replaceAll('key.accepted', 'KEYS[2]').replaceAll('arg.findS', 'ARGV[1]')}
for i = 2, #ARGV, 3 do index_message(ARGV[i + 2], ARGV[i + 1], ARGV[i]) end
if #new_messages > 0 then number_messages() end
write_index()`

const digests = Array.from({ length: SOME }, () => randomBytes(17).toString('base64url').slice(0, 22))
const used = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1])
const generationOf = (i, count) => nowMs - Math.floor((count - i) * (HOURS * HOUR_MS) / count)
const messageOf = (i, count) => {
  const generation = generationOf(i, count)
  return {
    digest: digests[i % SOME].slice(0, 16) + i.toString(16).padStart(6, '0'),
    hour: Math.floor(generation / HOUR_MS),
    generation: generation.toString(16),
    recipient: `p1555${String(i % (count / 10)).padStart(7, '0')}`
  }
}

/** Writes so many messages, in calls of 50 as busy nodes make them. */
async function fill (count, write) {
  let batch = []
  for (let i = 0; i < count; i++) {
    const message = { ...messageOf(i, count), i }
    if (batch.length === 50 || (batch.length > 0 && batch[0].hour !== message.hour)) {
      await write(batch)
      batch = []
    }
    batch.push(message)
  }
  await write(batch)
}

const key = (name, hour) => `{b:${sender}}:${name}:${hour}`
const day = hour => Math.floor(hour / 24)
const term = recipient => findTerm('recipient', recipient)
/** What each way writes for a message with its recipient only. */
const ways = {
  'sorted set per hour, term and id (decision 72)': batch => redis.zadd(
    key('zset', batch[0].hour), ...batch.flatMap(({ recipient, generation, digest }) => ['0', `${term(recipient)}:${generation}.${digest}`])
  ),
  'stream per hour, read as a whole': batch => {
    const pipeline = redis.pipeline()
    for (const { recipient, hour, digest } of batch) pipeline.xadd(key('stream', hour), '*', 't', term(recipient) + digest)
    return pipeline.exec()
  },
  'hash per day, a field for each recipient': async batch => {
    const hash = key('hash', day(batch[0].hour))
    const known = await redis.hmget(hash, ...batch.map(({ recipient }) => term(recipient)))
    await redis.hset(hash, ...batch.flatMap(({ recipient, generation, digest }, i) => [term(recipient), `${known[i] ?? ''} ${generation}.${digest}`]))
  },
  'list per hour, and lists by prefix (chosen)': batch => writeIndex(batch, ({ recipient }) => term(recipient))
}

async function writeIndex (batch, termsOf) {
  const args = batch.flatMap(message => [message.digest, message.generation, termsOf(message)])
  await redis.eval(index, 2, key('index', batch[0].hour), key('accepted', batch[0].hour), 700_000, ...args)
}

console.log(`bytes of a message that is found by its recipient, ${SOME.toLocaleString('en')} in an hour:`)
for (const [name, write] of Object.entries(ways)) {
  await redis.flushall()
  const before = await used()
  await fill(SOME, batch => write(batch.map(message => ({ ...message, hour: Math.floor(nowMs / HOUR_MS) }))))
  console.log(`  ${((await used() - before) / SOME).toFixed(0).padStart(4)}  ${name}`)
}

const store = { redis, prefix: 'b', run: createRun(redis, 'b'), nowMs: () => nowMs }
for (const count of sizes) {
  await redis.flushall()
  const before = await used()
  await fill(count, batch => writeIndex(batch, ({ recipient, i }) => findTerms(recipient, { order: i }, i % 10 === 0 ? 'spring' : undefined)))
  console.log(`${count.toLocaleString('en')} messages of ${HOURS} hours: ${((await used() - before) / count).toFixed(0)} bytes each, with a tag`)
  const wanted = [7, 8, 9].map(i => messageOf(i, count).recipient)
  const isFound = i => i % 10 === 0 || wanted.includes(messageOf(i, count).recipient) || i > count - 100
  const found = Array.from({ length: count }, (_, i) => i).filter(isFound)
  for (let from = 0; from < found.length; from += 500) {
    await redis.mset(...found.slice(from, from + 500).map(i => messageOf(i, count)).flatMap(({ digest, generation, recipient }, j) => [
      `{b:${sender}}:msg:${digest}`,
      `s ${generation} 0 5 1 ${recipient} web${found[from + j] % 10 === 0 ? '@spring' : ''} - {"order":${found[from + j]}}`
    ]))
  }
  const searches = {
    'by recipient, ten messages': wanted.map(recipient => ({ recipient })),
    'by a tag, one message': [7, 8, 9].map(i => ({ tag: `order:${i * count / 10}` })),
    'by campaign, the newest 20 of a tenth of all': [{ campaign: 'spring' }],
    'by campaign and tag, one message': [{ campaign: 'spring', tag: 'order:0' }],
    'the newest 20': [{}],
    'by campaign and state, none: one page': [{ campaign: 'spring', states: ['failed'] }]
  }
  for (const [name, criteria] of Object.entries(searches)) {
    const times = []
    let pages = []
    for (let round = 0; round < 9; round++) {
      const startedAt = performance.now()
      const page = await findMessages(store, sender, criteria[round % criteria.length], { sinceMs: nowMs - HOURS * HOUR_MS, limit: 20 })
      times.push(performance.now() - startedAt)
      pages = [page.messages.length, page.next === null ? 'the end' : 'more']
    }
    console.log(`  ${times.sort((a, b) => a - b)[4].toFixed(1).padStart(7)} ms  ${name}: ${pages.join(', ')}`)
  }
}
redis.disconnect()
await server.stop()
await rm(dir, { recursive: true })
