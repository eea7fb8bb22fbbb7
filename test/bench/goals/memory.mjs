/**
 * Goal 3: what a message takes in Redis while it waits, and after it was sent. Filled over HTTP with default settings; then everybody disconnects, what belongs
 * to pairs and senders and not to a message is taken out, and Redis is asked for its bytes in use.
 */
import { sendersOf } from '../kit/gateway.mjs'
import { retryWhileUnavailable } from '../kit/ground.mjs'
import { figure, judge } from '../kit/rounds.mjs'
import { TEXT } from '../kit/text.mjs'

const SENDERS = 10
/** Kept for each pair, each sender or for all, however many messages there are. */
const notOfMessages = /:(pace|starts:.*|flow|seq|sender|shift|completed|senders|agenda|recovery|retry-worker|probe|WHATSAPP-.*)$/
const index = /:recent:/

export async function memory ({ ground, quick, rounds, tell, profile }) {
  const count = quick ? 1000 : 5000
  const provider = await ground.provider(5)
  const callers = await ground.callers()
  const found = { settled: [], indexed: [], waiting: [], found: [], floor: [], job: [] }
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    tell(`round ${round + 1}: waiting`)
    const waits = await fill({ ground, provider, callers, count, role: 'api' })
    found.waiting.push(waits.bytes)
    found.found.push(waits.indexed)
    tell(`round ${round + 1}: settled`)
    const settled = await fill({ ground, provider, callers, count, role: 'all', profile })
    found.settled.push(settled.bytes)
    found.indexed.push(settled.indexed)
    tell(`round ${round + 1}: peers`)
    found.floor.push(await floor({ ground, count }))
    found.job.push(await jobs({ ground, provider, count }))
  }
  const idle = quick ? [] : [await senders({ ground, provider })]
  return [
    ...idle.flatMap(({ bytes, connections }) => [
      figure('3 a sender without messages', { unit: 'bytes' }, [bytes]), figure('3 connections of a node to Redis', { unit: 'connections' }, [connections])
    ]),
    judge('3 a settled message', { most: 2, stretch: 1, unit: 'bytes', against: 'SET NX PX' }, found.settled, found.floor),
    figure('3 a settled message with the index of look-ups (FIND_WITHIN_MS, on by default)', { unit: 'bytes', against: 'SET NX PX' }, found.indexed, found.floor),
    judge('3 a waiting message', { most: 0.7, unit: 'bytes', against: 'BullMQ delayed job' }, found.waiting, found.job),
    figure('3 a waiting message with the index of look-ups', { unit: 'bytes', against: 'BullMQ delayed job' }, found.found, found.job)
  ]
}

/** Bytes a message takes, without the index and with it; posted through the gateway, and sent where it works. */
async function fill ({ ground, provider, callers, count, role, profile }) {
  const redis = await ground.redis()
  const empty = await redis.bytes()
  const gateway = await ground.gateway({ redis, apiUrl: provider.url, senders: SENDERS, role, profile })
  const told = await callers.ask('run', {
    url: gateway.url, headers: { ...gateway.headers, prefer: 'respond-async' }, connections: 16, count, tag: 'm', recipients: role === 'api' ? count / 10 : 1e7, senders: sendersOf(SENDERS)
  })
  retryWhileUnavailable(told)
  if (role === 'all') await gateway.settled()
  await gateway.stop()
  await drop(redis.client, notOfMessages)
  const indexed = await redis.bytes() - empty
  await drop(redis.client, index)
  const bytes = await redis.bytes() - empty
  await redis.stop()
  return { bytes: bytes / told.accepted, indexed: indexed / told.accepted }
}

/** What each of many senders takes that have no messages, and the connections of a node that serves them. */
async function senders ({ ground, provider }) {
  const count = 1000
  const redis = await ground.redis()
  const empty = await redis.bytes()
  const gateway = await ground.gateway({ redis, apiUrl: provider.url, senders: count })
  const connections = Number(/^connected_clients:(\d+)/m.exec(await redis.client.info('clients'))[1]) - 1
  await gateway.stop()
  await drop(redis.client, /:WHATSAPP-/)
  const bytes = (await redis.bytes() - empty) / count
  await redis.stop()
  return { bytes, connections }
}

async function drop (client, names) {
  const keys = (await client.keys('*')).filter(key => names.test(key))
  if (keys.length > 0) await client.del(keys)
}

/** As many keys as the gateway kept, each with the key that a caller would give. */
async function floor ({ ground, count }) {
  const redis = await ground.redis()
  const empty = await redis.bytes()
  for (let n = 0; n < count; n++) await redis.client.set(`idem:m-${String(n).padStart(8, '0')}`, '1', 'PX', 86_400_000, 'NX')
  const bytes = await redis.bytes() - empty
  await redis.stop()
  return bytes / count
}

async function jobs ({ ground, provider, count }) {
  const redis = await ground.redis()
  const empty = await redis.bytes()
  const peer = await ground.composed({ redis, apiUrl: provider.url })
  await peer.ask('fill', Array.from({ length: count }, (_, n) => [{ sender: '100000000000000', to: `+1777${String(n % (count / 10)).padStart(7, '0')}`, message: TEXT, idempotencyKey: `m-${String(n).padStart(8, '0')}` }, 3_600_000]))
  await peer.stop()
  const bytes = await redis.bytes() - empty
  await redis.stop()
  return bytes / count
}
