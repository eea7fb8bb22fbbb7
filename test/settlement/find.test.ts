/** Searching the look-up index: complete, newest first, with bounded work per call, and page by page. */
import t from 'tap'
import { digest } from '../../src/admission/key.js'
import { createBus } from '../../src/events.js'
import { createRun } from '../../src/redis/commands.js'
import { connect } from '../../src/redis/connect.js'
import { findTerm, findTerms, positionOf } from '../../src/redis/lookup-index.js'
import { createStore, type Store } from '../../src/redis/store.js'
import { findInSenders, findMessages, type MessageFilter, type Page } from '../../src/settlement/find.js'
import { createPrefix, startRedis, type Teardown } from '../support/redis.js'

const DAY = 86_400_000
const server = await startRedis(t)
const redis = server.connect()
const recipients = Array.from({ length: 25 }, (_, i) => `p1415555${String(i).padStart(4, '0')}`)
const tag = (text: string): string => findTerm('tag', text)

async function startStore (t: Teardown, prefix: string): Promise<Store> {
  const connections = await connect(server.url, createBus())
  t.teardown(connections.close)
  return createStore(connections, { prefix, leaseMs: 30_000 })
}

interface Stored { id: string, recipient: string, metadata: Record<string, string> }

/** A store with so many messages of a sender, one a ms, the last one now. */
async function fill (
  prefix: string, sender: string, count: number, metadataOf: (i: number) => Record<string, string>
): Promise<[Store, Stored[]]> {
  const store = { redis, prefix, run: createRun(redis, prefix), nowMs: Date.now } as unknown as Store
  return [store, await admitTo(store, sender, count, metadataOf)]
}

async function admitTo ({ run }: Store, sender: string, count: number, metadataOf: (i: number) => Record<string, string>): Promise<Stored[]> {
  const rules = { pairIntervalUs: 2_000_000, pairBurst: 1, senderIntervalUs: 1000, senderBurst: 1000, maxInFlight: 100, perSecond: 1000 }
  await run('quota', { sender }, { operator: true, settings: '', ...rules })
  const [seconds] = await redis.time()
  const now = Number(seconds) * 1_000_000
  const stored = await Promise.all(Array.from({ length: count }, async (_, i) => {
    const recipient = recipients[i % recipients.length] ?? ''
    const metadata = metadataOf(i)
    const name = digest(sender, 'web', `${i}`)
    const reply = await run('admit', { sender, digest: name }, {
      now: now - (count - i) * 1000,
      digest: name,
      fingerprint: '000000000000ff',
      recipient,
      lane: 2,
      payload: JSON.stringify(['web', 'Hello', 'n', { to: '+1 415', metadata }]),
      inline: false,
      whenLimited: 'wait',
      lifeMs: DAY,
      scheduledFor: '',
      windowMs: DAY,
      holder: 'a1:1',
      runId: 'run1',
      leaseMs: 60_000,
      queueCap: 10_000,
      backlogCap: 100_000,
      terms: findTerms(recipient, metadata),
      findS: 90_000
    })
    if (reply.status !== 'queued') throw new TypeError(reply.status)
    return { id: `${name}.${reply.generation}`, recipient, metadata }
  }))
  return stored.sort((one, other) => positionOf(one.id) < positionOf(other.id) ? 1 : -1)
}

/** All pages; every page within its limit. */
async function all (limit: number, find: (after: string | null) => Promise<Page<{ id: string }>>): Promise<{ ids: string[], pages: number }> {
  const ids: string[] = []
  let pages = 0
  for (let after: string | null = null; ; pages++) {
    const { messages, next } = await find(after)
    if (messages.length > limit) throw new RangeError('a page is longer than its limit')
    ids.push(...messages.map(({ id }) => id))
    if (next === null) return { ids, pages: pages + 1 }
    if (after !== null && next >= after) throw new RangeError(`no progress from ${after} to ${next}`)
    after = next
  }
}

await t.test('a search by two terms finds all, also behind thousands of others with each term', async t => {
  const [store, stored] = await fill(createPrefix(), '111', 3000, i => ({ campaign: 'one', ...(i % 500 === 0 ? { rare: 'yes' } : {}) }))
  const search = async (terms: string[], limit: number, budget?: number): Promise<{ ids: string[], pages: number }> =>
    await all(limit, async after => await findMessages(store, '111', DAY, { terms, digests: [], limit, after }, budget))
  const expected = (matches: (one: Stored) => boolean): string[] => stored.filter(matches).map(({ id }) => id)

  for (const recipient of recipients.slice(0, 3)) {
    const terms = [findTerm('recipient', recipient), tag('campaign:one')]
    const own = expected(one => one.recipient === recipient)
    t.equal(own.length, 120)
    t.strictSame((await search(terms, 50)).ids, own)
    t.strictSame((await search(terms.toReversed(), 100)).ids, own, 'in either order')
  }
  t.strictSame((await search([tag('campaign:one')], 100)).ids, stored.map(({ id }) => id), 'a common term alone')
  t.strictSame((await search([tag('campaign:one')], 1, 500)).ids.slice(0, 3), stored.slice(0, 3).map(({ id }) => id), 'the first is the newest')
  t.strictSame((await search([tag('rare:yes'), tag('campaign:one')], 20)).ids, expected(one => one.metadata['rare'] === 'yes'))
  t.strictSame((await search([tag('campaign:one'), tag('campaign:two')], 20)).ids, [])
})

await t.test('a search that has to read much stops within its budget, and its cursor goes on', async t => {
  const sides = (i: number): Record<string, string> => i < 3 ? { left: '1', right: '1' } : i % 2 === 0 ? { left: '1' } : { right: '1' }
  const [store, stored] = await fill(createPrefix(), '111', 2400, sides)
  let read = 0
  const counting = new Proxy(redis, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown
      if (name !== 'zrevrangebylex' && name !== 'zmscore') return typeof value === 'function' ? value.bind(target) : value
      return async (...args: unknown[]) => {
        const found = await (value as (...args: unknown[]) => Promise<unknown[]>).apply(target, args)
        read += found.length
        return found
      }
    }
  })
  const worst: number[] = []
  const { ids, pages } = await all(20, async after => {
    read = 0
    const filter = { terms: [tag('left:1'), tag('right:1')], digests: [], limit: 20, after }
    const page = await findMessages({ ...store, redis: counting }, '111', DAY, filter, 400)
    worst.push(read)
    return page
  })
  t.strictSame(ids, stored.slice(-3).map(({ id }) => id))
  t.ok(pages >= 3, `${pages} pages`)
  t.ok(Math.max(...worst) <= 400 + 2 * 2 * 200, `at most ${Math.max(...worst)} entries are read at once`)
})

await t.test('a search of several senders is in one order, complete, and page by page', async t => {
  const prefix = createPrefix()
  const found = []
  for (const [sender, count] of [['111', 700], ['222', 300], ['333', 0]] as const) {
    found.push((await fill(prefix, sender, count, () => ({ campaign: 'one' })))[1].map(({ id }) => ({ sender, id })))
  }
  const expected = found.flat().sort((one, other) => positionOf(one.id) < positionOf(other.id) ? 1 : -1).map(({ id }) => id)
  const store = { redis, prefix, run: createRun(redis, prefix), nowMs: Date.now } as unknown as Store
  for (const limit of [7, 100]) {
    const { ids } = await all(limit, async after => {
      const filter: MessageFilter = { terms: [tag('campaign:one')], digests: [], limit, after }
      const { messages, next } = await findInSenders(['111', '222', '333'], limit, async (sender, budget) =>
        await findMessages(store, sender, DAY, filter, budget))
      return { messages: messages.map(([, { id }]) => ({ id })), next }
    })
    t.strictSame(ids, expected, `pages of ${limit}`)
  }
})

for (const hours of [5, -5]) {
  await t.test(`what a node takes whose clock is ${hours} hours off is found by all, and it finds what they take`, async t => {
    const prefix = createPrefix()
    const right = await startStore(t, prefix)
    const real = Date.now
    const offset = (): number => real() + hours * 3_600_000
    const within = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      Date.now = offset
      return await work().finally(() => { Date.now = real })
    }
    const wrong = await within(async () => await startStore(t, prefix))
    const search = async (store: Store): Promise<string[]> => {
      const { messages } = await findMessages(store, '111', DAY, { terms: [tag('campaign:one')], digests: [], limit: 9 })
      return messages.map(({ id }) => id)
    }
    const taken = await within(async () => await admitTo(wrong, '111', 1, () => ({ campaign: 'one' })))
    t.strictSame(await search(right), taken.map(({ id }) => id))
    t.strictSame(await within(async () => await search(wrong)), taken.map(({ id }) => id))
    t.strictSame((await redis.keys(`{${prefix}:111}:index:*`)).length, 1)
  })
}

await t.test('entries that are in the hour before or after are in order', async t => {
  const prefix = createPrefix()
  const [store, stored] = await fill(prefix, '111', 60, () => ({ campaign: 'one' }))
  const [now = '', ...others] = (await redis.keys(`{${prefix}:111}:index:*`)).sort().toReversed()
  t.strictSame(others.length <= 1, true)
  const hour = Number(now.split(':').at(-1))
  const key = (by: number): string => now.replace(/\d+$/, String(hour + by))
  // Every third entry is in the hour before, every third in the hour after.
  for (const [prefix, list] of Object.entries(await redis.hgetall(now))) {
    const entries: string[][] = [[], [], []]
    for (const entry of list.split(' ')) entries[stored.findIndex(({ id }) => entry.endsWith(positionOf(id))) % 3]?.push(entry)
    for (const [i, by] of [0, -1, 1].entries()) await redis.hset(key(by), prefix, entries[i]?.join(' ') ?? '')
  }
  for (const member of await redis.zrange(now.replace('index', 'recent'), 0, -1)) {
    const i = stored.findIndex(({ id }) => member.endsWith(positionOf(id))) % 3
    if (i === 0) continue
    await redis.zrem(now.replace('index', 'recent'), member)
    await redis.zadd(key(i === 1 ? -1 : 1).replace('index', 'recent'), 0, member)
  }
  const { ids } = await all(9, async after => await findMessages(store, '111', DAY, { terms: [tag('campaign:one')], digests: [], limit: 9, after }))
  t.strictSame(ids, stored.map(({ id }) => id))
})
