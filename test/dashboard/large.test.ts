/**
 * A page costs the same with very many waiting, wherever in the list it is. CI counts commands, since time depends on the
 * machine; `DASHBOARD_WAITING=500000 npm test -- test/dashboard/large.test.ts` prints what it costs Redis there.
 */
import type { Redis } from 'ioredis'
import t from 'tap'
import { senderKey } from '../../src/redis/keys.js'
import { writePayload } from '../../src/redis/payload.js'
import { createTestEnvironment } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { openBoard, still, type Board } from './support.js'

const WAITING = Number(process.env['DASHBOARD_WAITING'] ?? 50_000)
const PER_PAGE = 10
const READINGS = 5

/** Commands, those inside scripts included: counting looks at 1,000 due pairs, a page behind as many once more, up to 3 commands each. */
const COMMANDS_AT_MOST = 7000
/** What leaves Redis for a page and the counts of five queues. */
const BYTES_AT_MOST = 200_000

const environment = await createTestEnvironment(t)

interface Cost { commands: number, bytes: number, scriptsMs: number }

const shapes: Array<{ name: string, each: number, state: 'waiting' | 'delayed', pages: number[] }> = [
  { name: 'a campaign: one message to each recipient, all due', each: 1, state: 'waiting', pages: [1, WAITING / PER_PAGE / 2, WAITING / PER_PAGE] },
  {
    name: 'long queues: 500 messages to each recipient',
    each: 500,
    state: 'delayed',
    pages: [1, WAITING / PER_PAGE / 2, (WAITING - WAITING / 500) / PER_PAGE]
  }
]

for (const { name, each, state, pages } of shapes) {
  await t.test(name, async t => {
    const node = await environment.start(t, still)
    const redis = environment.redis.connect()
    await fill(redis, node.prefix, each)
    const board = openBoard(node)
    const { counts } = await board.queue()
    t.equal((counts.waiting ?? 0) + (counts.delayed ?? 0), WAITING)
    t.equal(counts[state], each === 1 ? WAITING : WAITING - WAITING / each)
    for (const page of pages.map(Math.floor)) {
      const { ids, cost } = await costOf(redis, board, state, page)
      t.equal(ids.length, PER_PAGE, `page ${page} is full`)
      t.ok(cost.commands <= COMMANDS_AT_MOST, `page ${page}: ${cost.commands} commands`)
      t.ok(cost.bytes <= BYTES_AT_MOST, `page ${page}: ${cost.bytes} bytes`)
      t.comment(`${WAITING} ${state}, page ${page}: ${textOf(cost)}`)
    }
    const { cost } = await costOf(redis, board, 'latest', 1)
    t.comment(`${WAITING} latest: ${textOf(cost)}`)
    t.ok(cost.commands <= COMMANDS_AT_MOST)
  })
}

/** As admissions without a caller that waits would have left it: lane normal, each pair's head due since a second. */
async function fill (redis: Redis, prefix: string, each: number): Promise<void> {
  const key = (name: string): string => senderKey(prefix, SENDER, name)
  const [seconds = '0'] = (await redis.time()).map(String)
  const generation = (Number(seconds) * 1000).toString(16)
  const payload = writePayload('', { to: '+15550000000', type: 'text', message: 'Hello', keySource: 'none', caller: 'app' })
  const expires = (Number(seconds) + 864_000) * 1000
  for (let from = 0; from < WAITING; from += 5000) {
    const pipeline = redis.pipeline()
    const backlog: string[] = []
    const queue: Array<string | number> = []
    const ready: Array<string | number> = []
    for (let n = from; n < Math.min(WAITING, from + 5000); n++) {
      const recipient = `p1555${String(Math.floor(n / each)).padStart(7, '0')}`
      const id = `${String(n).padStart(22, '0')}.${generation}`
      const seq = String(n + 1).padStart(12, '0')
      backlog.push(id, `${recipient} 2${n + 1} ${expires.toString(16)} 0\n${payload}`)
      queue.push(0, `${recipient}:${seq}:${id}`)
      if (n % each === 0) ready.push((Number(seconds) - 1) * 1_000_000 + n, recipient)
    }
    pipeline.hset(key('backlog'), ...backlog).zadd(key('queue:normal'), ...queue).zadd(key('ready:normal'), ...ready)
    await pipeline.exec()
  }
  await redis.set(key('seq'), WAITING)
}

/** The cheapest of a few readings of the same page: what makes the others dearer is the machine. */
async function costOf (redis: Redis, board: Board, state: string, page: number): Promise<{ ids: string[], cost: Cost }> {
  const readings: Array<{ ids: string[], cost: Cost }> = []
  while (readings.length < READINGS) readings.push(await read(redis, board, state, page))
  const [best] = readings.sort((a, b) => a.cost.scriptsMs - b.cost.scriptsMs)
  if (best === undefined) throw new Error('nothing read')
  return { ids: best.ids, cost: { ...best.cost, commands: Math.max(...readings.map(({ cost }) => cost.commands)) } }
}

function textOf ({ commands, bytes, scriptsMs }: Cost): string {
  return `${commands} commands, ${bytes} bytes, scripts ${scriptsMs.toFixed(1)} ms`
}

async function read (redis: Redis, board: Board, state: string, page: number): Promise<{ ids: string[], cost: Cost }> {
  await redis.config('RESETSTAT')
  const ids = await board.ids(state, page, PER_PAGE)
  const stats = await redis.info('commandstats')
  const bytes = Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1])
  return {
    ids,
    cost: {
      commands: [...stats.matchAll(/calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0),
      bytes,
      // Nearly all of it: counting, the page, and BullMQ's counts are scripts.
      scriptsMs: Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(stats)?.[1]) / 1000
    }
  }
}
