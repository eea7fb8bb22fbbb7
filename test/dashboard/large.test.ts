/**
 * A page costs the same with very many waiting, wherever in the list it is. CI counts commands, since time depends on the
 * machine; `DASHBOARD_WAITING=500000 npm test -- test/dashboard/large.test.ts` prints what it costs Redis there.
 */
import type { Redis } from 'ioredis'
import t from 'tap'
import { senderKey } from '../../src/redis/keys.js'
import { createGround } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { openBoard, still, type Board } from './support.js'

const WAITING = Number(process.env['DASHBOARD_WAITING'] ?? 50_000)
const PER_PAGE = 10

/** Commands, those inside scripts included: counting looks at 1,000 due pairs, a page behind as many once more, 3 commands each. */
const COMMANDS_AT_MOST = 7000
/** What leaves Redis for a page and the counts of four queues. */
const BYTES_AT_MOST = 200_000

const ground = await createGround(t)

interface Cost { commands: number, bytes: number, longestMs: number, totalMs: number }

const shapes: Array<{ name: string, each: number, state: 'waiting' | 'delayed', pages: number[] }> = [
  { name: 'a campaign: one message to each recipient, all due', each: 1, state: 'waiting', pages: [1, WAITING / PER_PAGE / 2, WAITING / PER_PAGE] },
  { name: 'long lines: 500 messages to each recipient', each: 500, state: 'delayed', pages: [1, WAITING / PER_PAGE / 2, (WAITING - WAITING / 500) / PER_PAGE] },
]

for (const { name, each, state, pages } of shapes) {
  await t.test(name, async t => {
    const node = await ground.start(t, still)
    const redis = ground.redis.connect()
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
      t.comment(`${WAITING} ${state}, page ${page}: ${cost.commands} commands, ${cost.bytes} bytes, Redis ${cost.totalMs.toFixed(1)} ms, longest ${cost.longestMs.toFixed(1)} ms`)
    }
    const { cost } = await costOf(redis, board, 'latest', 1)
    t.comment(`${WAITING} latest: ${cost.commands} commands, Redis ${cost.totalMs.toFixed(1)} ms, longest ${cost.longestMs.toFixed(1)} ms`)
    t.ok(cost.commands <= COMMANDS_AT_MOST)
  })
}

/** As admissions without a caller that waits would have left it: lane normal, each pair's head due since a second. */
async function fill (redis: Redis, prefix: string, each: number): Promise<void> {
  const key = (name: string): string => senderKey(prefix, SENDER, name)
  const [seconds = '0'] = (await redis.time()).map(String)
  const generation = (Number(seconds) * 1000).toString(16)
  const payload = JSON.stringify({ to: '+15550000000', type: 'text', message: 'Hello', keySource: 'none', caller: 'app' })
  const expires = (Number(seconds) + 864_000) * 1000
  for (let from = 0; from < WAITING; from += 5000) {
    const pipeline = redis.pipeline()
    const backlog: string[] = []
    const line: Array<string | number> = []
    const turns: Array<string | number> = []
    for (let n = from; n < Math.min(WAITING, from + 5000); n++) {
      const recipient = `p1555${String(Math.floor(n / each)).padStart(7, '0')}`
      const id = `${String(n).padStart(22, '0')}.${generation}`
      const seq = String(n + 1).padStart(16, '0')
      backlog.push(id, `${recipient} 2 ${seq} 0 0 ${expires} ${expires}\n${payload}`)
      line.push(0, `${recipient}:${seq}:${id}`)
      if (n % each === 0) turns.push((Number(seconds) - 1) * 1_000_000 + n, recipient)
    }
    pipeline.hset(key('backlog'), ...backlog).zadd(key('lines:normal'), ...line).zadd(key('turns:normal'), ...turns)
    await pipeline.exec()
  }
  await redis.set(key('seq'), WAITING)
}

async function costOf (redis: Redis, board: Board, state: string, page: number): Promise<{ ids: string[], cost: Cost }> {
  await redis.config('SET', 'slowlog-max-len', 10_000)
  await redis.config('SET', 'slowlog-log-slower-than', 0)
  await redis.config('RESETSTAT')
  await redis.slowlog('RESET')
  const ids = await board.ids(state, page, PER_PAGE)
  // What a script does is in the counts and not in the slow log, which has what occupied Redis at a time.
  const stats = await redis.info('commandstats')
  const bytes = Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1])
  const entries = await redis.slowlog('GET', -1) as Array<[id: number, at: number, us: number, command: string[]]>
  await redis.config('SET', 'slowlog-log-slower-than', -1)
  const times = entries.filter(([,,, [command]]) => !/^(config|info|slowlog)$/i.test(command ?? '')).map(([,, us]) => us / 1000)
  return {
    ids,
    cost: {
      commands: [...stats.matchAll(/calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0),
      bytes,
      longestMs: Math.max(...times),
      totalMs: times.reduce((sum, ms) => sum + ms, 0)
    }
  }
}
