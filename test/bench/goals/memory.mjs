/**
 * Goal 3: the memory of a message in Redis while it waits, and after it was sent. Filled over HTTP with default settings; then all clients
 * disconnect, data of pairs and senders is removed, and Redis loads what is left: else its tables keep the places of keys that live for seconds,
 * which are few beside the results of a day. Then it reports its used memory.
 */
import { sendersOf } from '../kit/gateway.mjs'
import { checkAccepted } from '../kit/environment.mjs'
import { figure, judge } from '../kit/rounds.mjs'
import { TEXT } from '../kit/text.mjs'

const SENDERS = 10
/** Keys whose size does not grow with the number of messages. */
const ofSender = 'pair-tat|starts:.*|sender-tat|seq|sender|drain-lease|completed|latest|activity:.*'
const ofSystem = 'senders|recovery-schedule|recovery-lease|retry-worker|probe|WHATSAPP-.*'
const notOfMessages = new RegExp(`:(${ofSender}|${ofSystem})$`)
const index = /:(index|accepted):/

export async function memory ({ environment, quick, rounds, report, profile }) {
  const count = quick ? 1000 : 10_000
  const provider = await environment.provider(5)
  const callers = await environment.callers()
  const found = { settled: [], indexed: [], waiting: [], found: [], campaign: [], floor: [], job: [] }
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    report(`round ${round + 1}: waiting`)
    const waits = await fill({ environment, provider, callers, count, role: 'api' })
    found.waiting.push(waits.bytes)
    found.found.push(waits.indexed)
    const ofCampaign = await fill({ environment, provider, callers, count, role: 'api', campaign: 'spring-sale' })
    found.campaign.push(ofCampaign.bytes - waits.bytes)
    report(`round ${round + 1}: settled`)
    const settled = await fill({ environment, provider, callers, count, role: 'all', profile })
    found.settled.push(settled.bytes)
    found.indexed.push(settled.indexed)
    report(`round ${round + 1}: peers`)
    found.floor.push(await floor({ environment, count }))
    found.job.push(await jobs({ environment, provider, count }))
  }
  const idle = quick ? [] : [await senders({ environment, provider })]
  return [
    ...idle.flatMap(({ bytes, connections }) => [
      figure('3 a sender without messages', { unit: 'bytes' }, [bytes]),
      figure('3 connections of a node to Redis', { unit: 'connections' }, [connections])
    ]),
    judge('3 a settled message with the look-up index (FIND_WITHIN_MS, on by default)', { most: 420, unit: 'bytes' }, found.indexed),
    figure('3 a settled message without it', { unit: 'bytes', against: 'SET NX PX' }, found.settled, found.floor),
    judge('3 a waiting message with the look-up index', { most: 800, unit: 'bytes' }, found.found),
    figure('3 a waiting message without it', { unit: 'bytes', against: 'BullMQ delayed job' }, found.waiting, found.job),
    figure('3 what a campaign with a name of 11 letters adds to a waiting message', { unit: 'bytes' }, found.campaign)
  ]
}

/** Bytes per message, without the index and with it; posted through the gateway, and sent if its role includes a worker. */
async function fill ({ environment, provider, callers, count, role, profile, campaign = '' }) {
  const redis = await environment.redis({ extra: ['--enable-debug-command', 'yes'] })
  const empty = await redis.bytes()
  const gateway = await environment.gateway({ redis, apiUrl: provider.url, senders: SENDERS, role, profile })
  const result = await callers.ask('run', {
    url: gateway.url,
    headers: { ...gateway.headers, prefer: 'respond-async' },
    connections: 16,
    count,
    tag: 'm',
    recipients: role === 'api' ? count / 10 : 1e7,
    senders: sendersOf(SENDERS),
    campaign
  })
  checkAccepted(result)
  if (role === 'all') await gateway.settled()
  await gateway.stop()
  await drop(redis.client, notOfMessages)
  await redis.client.call('DEBUG', 'RELOAD')
  const indexed = await redis.bytes() - empty
  await drop(redis.client, index)
  const bytes = await redis.bytes() - empty
  await redis.stop()
  return { bytes: bytes / result.accepted, indexed: indexed / result.accepted }
}

/** Bytes per sender without messages, and the connections of a node with many senders. */
async function senders ({ environment, provider }) {
  const count = 1000
  const redis = await environment.redis()
  const empty = await redis.bytes()
  const gateway = await environment.gateway({ redis, apiUrl: provider.url, senders: count })
  const connections = Number(/^connected_clients:(\d+)/m.exec(await redis.client.info('clients'))[1]) - 1
  await gateway.stop()
  await drop(redis.client, /:WHATSAPP-/)
  const bytes = (await redis.bytes() - empty) / count
  await redis.stop()
  return { bytes, connections }
}

/** In small commands: the buffer of a large one would be part of what is measured. */
async function drop (client, names) {
  const keys = (await client.keys('*')).filter(key => names.test(key))
  for (let from = 0; from < keys.length; from += 100) await client.del(keys.slice(from, from + 100))
}

/** As many keys as the gateway stored, named like callers' idempotency keys. */
async function floor ({ environment, count }) {
  const redis = await environment.redis()
  const empty = await redis.bytes()
  for (let n = 0; n < count; n++) await redis.client.set(`idem:m-${String(n).padStart(8, '0')}`, '1', 'PX', 86_400_000, 'NX')
  const bytes = await redis.bytes() - empty
  await redis.stop()
  return bytes / count
}

async function jobs ({ environment, provider, count }) {
  const redis = await environment.redis()
  const empty = await redis.bytes()
  const peer = await environment.composed({ redis, apiUrl: provider.url })
  await peer.ask(
    'fill',
    Array.from({ length: count }, (_, n) => [
      {
        sender: '100000000000000',
        to: `+1777${String(n % (count / 10)).padStart(7, '0')}`,
        message: TEXT,
        idempotencyKey: `m-${String(n).padStart(8, '0')}`
      },
      3_600_000
    ])
  )
  await peer.stop()
  const bytes = await redis.bytes() - empty
  await redis.stop()
  return bytes / count
}
