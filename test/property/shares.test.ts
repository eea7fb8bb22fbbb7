/** Fair shares in figures: Jain's index over 10 s of a virtual clock, and how long a message waits behind the backlog of another. */
import t from 'tap'
import { createRun, type Run } from '../../src/redis/commands.js'
import { senderQuota } from '../../src/throttle/quota.js'
import { SETTLING } from '../lua/support.js'
import { createPrefix, startRedis } from '../support/redis.js'

const server = await startRedis(t)
const START = 1_800_000_000_000_000
const TERMS = { runId: 'run', leaseMs: 30_000 }
const SPAN_US = 10_000_000

class Sending {
  now = START
  readonly granted: Array<{ share: string, at: number }> = []
  readonly #run: Run
  readonly #perSecond: number
  #posted = 0

  constructor (run: Run, perSecond: number) {
    this.#run = run
    this.#perSecond = perSecond
  }

  async start (): Promise<void> {
    const { intervalUs, burst } = senderQuota(this.#perSecond)
    await this.#run('quota', { sender: 's' }, {
      operator: false,
      settings: 'x',
      pairIntervalUs: 2_000_000,
      pairBurst: 1,
      senderIntervalUs: intervalUs,
      senderBurst: burst,
      maxInFlight: 500,
      perSecond: this.#perSecond
    })
  }

  /** Messages to one recipient each, of a caller, or `<caller>-<campaign>`. */
  async post (share: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 500) {
      await Promise.all(Array.from({ length: Math.min(500, left) }, async () => await this.#admit(share)))
    }
  }

  async #admit (share: string): Promise<void> {
    const digest = `${share}x${++this.#posted}`.padEnd(22, '-')
    const [caller = '', campaign] = share.split('-')
    await this.#run('admit', { sender: 's', digest }, {
      now: this.now,
      digest,
      fingerprint: 'f00d',
      recipient: `p49${this.#posted}`,
      lane: 2,
      payload: '{}',
      inline: false,
      whenLimited: 'wait',
      lifeMs: 86_400_000,
      scheduledFor: '',
      windowMs: 86_400_000,
      queueCap: 100,
      backlogCap: 1_000_000,
      caller,
      template: campaign === undefined ? '' : `#${campaign}`,
      holder: 'node:1',
      ...TERMS
    })
  }

  /** Claims as often as the replies say, for so long. */
  async drain (us: number): Promise<void> {
    const end = this.now + us
    while (this.now < end) {
      const reply = await this.#run('claim', { sender: 's' }, {
        now: this.now, drainRun: 'run', want: 100, mode: 'keep', holder: `node:${this.now}`, ...TERMS
      })
      if (reply.status !== 'claimed') throw new Error(reply.status)
      await Promise.all(reply.grants.map(async ({ id, recipient }) => {
        this.granted.push({ share: id.slice(0, id.indexOf('x')), at: this.now })
        await this.#run('settle', { sender: 's', digest: id.slice(0, 22) }, {
          ...SETTLING, now: this.now, id, recipient, holder: `node:${this.now}`, resultSuffix: 'tester wamid'
        })
      }))
      this.now = reply.nextUs < 0 ? end : Math.max(this.now + 1, reply.nextUs)
    }
  }

  /** Jain's index of the grants from a moment on, over 10 s. */
  index (from: number, shares: string[]): number {
    const inSpan = this.granted.filter(({ at }) => at >= from && at < from + SPAN_US)
    const counts = shares.map(name => inSpan.filter(({ share }) => share === name).length)
    const sum = counts.reduce((total, count) => total + count, 0)
    return sum ** 2 / (counts.length * counts.reduce((total, count) => total + count ** 2, 0))
  }
}

const sharers = { callers: ['a', 'b', 'c', 'd', 'e'], 'campaigns of a caller': ['a', 'a-b', 'a-c', 'a-d', 'a-e'] }
for (const [what, shares] of Object.entries(sharers)) {
  for (const perSecond of [80, 1000]) {
    await t.test(`at ${perSecond}/s ${what} with unequal backlogs get equal shares of any 10 s`, async t => {
      const sending = new Sending(createRun(server.connect(), createPrefix()), perSecond)
      await sending.start()
      const each = perSecond * 12 / shares.length
      // The first one has its whole backlog before the others come, and twice as much.
      await sending.post('a', each * 2)
      for (const share of shares.slice(1)) await sending.post(share, each)
      await sending.drain(12_000_000)
      const indexes = [0, 500_000, 1_000_000, 1_500_000].map(us => sending.index(START + us, shares))
      t.comment(`Jain's index: ${Math.min(...indexes)}`)
      t.ok(Math.min(...indexes) >= 0.99, 'in each of them')
    })
  }
}

for (const [what, large, small] of [['caller', 'a', 'b'], ['campaign of its caller', 'a-large', 'a-small']] as const) {
  await t.test(`a message waits for a few slots behind the backlog of another ${what}`, async t => {
    const sending = new Sending(createRun(server.connect(), createPrefix()), 80)
    await sending.start()
    await sending.post(large, 3000)
    await sending.drain(1_000_000)
    const before = sending.granted.length
    await sending.post(small, 1)
    await sending.drain(1_000_000)
    const place = sending.granted.findIndex(({ share }) => share === small) - before
    t.ok(place >= 0 && place <= 2, `${place} slots`)
  })
}
