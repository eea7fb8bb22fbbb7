/** The examples of the documentation, to the millisecond of a virtual clock. */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import type { Run } from '../../src/redis/commands.js'
import { SETTLING } from '../lua/support.js'
import { createPrefix, startRedis } from '../support/redis.js'

const server = await startRedis(t)
const NOON = 1_800_000_000_000_000
const TERMS = { holder: 'node:1', runId: 'run', leaseMs: 30_000 }

interface Example { waits: number[], starts: number[] }

/** Admits a message at each of these moments, drains, and returns promised waits and starts, ms from the first moment. */
async function follow (run: Run, arrivalsMs: number[]): Promise<Example> {
  const scope = { sender: 'sender' }
  await run('quota', scope, {
    operator: false,
    settings: 'x',
    pairIntervalUs: 2_000_000,
    pairBurst: 1,
    senderIntervalUs: 12_659,
    senderBurst: 2,
    maxInFlight: 500,
    perSecond: 80
  })
  const waits: number[] = []
  const starts: number[] = []
  async function start (digest: string, id: string, now: number): Promise<void> {
    starts.push((now - NOON) / 1000)
    await run(
      'settle',
      { ...scope, digest },
      { ...SETTLING, now, id, recipient: 'p49', holder: TERMS.holder, resultSuffix: 'tester wamid' }
    )
  }
  async function drain (until: number): Promise<void> {
    for (let now = NOON; now >= 0 && now <= until;) {
      const reply = await run('claim', scope, { now, drainRun: 'run', want: 10, mode: 'keep', ...TERMS })
      if (reply.status !== 'claimed') throw new Error(reply.status)
      for (const { id } of reply.grants) await start(id.slice(0, id.indexOf('.')), id, now)
      // With the pair in flight, the time of the next claim is known only once it is settled.
      now = reply.grants.length > 0 ? now : reply.nextUs
    }
  }
  for (const [n, afterMs] of arrivalsMs.entries()) {
    const now = NOON + afterMs * 1000
    const digest = `message${n}`.padEnd(22, '-')
    const reply = await run(
      'admit',
      { ...scope, digest },
      {
        now,
        digest,
        fingerprint: 'f00d',
        recipient: 'p49',
        lane: 2,
        payload: '{}',
        inline: true,
        whenLimited: 'wait',
        lifeMs: 86_400_000,
        scheduledFor: '',
        windowMs: 86_400_000,
        queueCap: 100,
        backlogCap: 100,
        ...TERMS
      }
    )
    waits.push(reply.status === 'queued' ? reply.waitUs / 1000 : 0)
    if (reply.status === 'granted') await start(digest, `${digest}.${reply.generation}`, now)
  }
  await drain(NOON + 60_000_000)
  return { waits, starts }
}

await t.test('messages at 0, 500 and 1,000 ms wait 0, 1,500 and 3,000 and go at 0, 2,000 and 4,000', async t => {
  t.same(await follow(createRun(server.connect(), createPrefix()), [0, 500, 1000]), { waits: [0, 1500, 3000], starts: [0, 2000, 4000] })
})

await t.test('three messages at once go at 0, 2,000 and 4,000 ms', async t => {
  t.same(await follow(createRun(server.connect(), createPrefix()), [0, 0, 0]), { waits: [0, 2000, 4000], starts: [0, 2000, 4000] })
})
