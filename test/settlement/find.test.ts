/** Searching the look-up index: complete, newest first, with bounded work per call, and page by page. An independent list says what is found. */
import t from 'tap'
import { digest } from '../../src/admission/key.js'
import { createBus } from '../../src/events.js'
import { createRun } from '../../src/redis/commands.js'
import { connect } from '../../src/redis/connect.js'
import { hourOf } from '../../src/redis/keys.js'
import { findTerms, providerEntry } from '../../src/redis/lookup-index.js'
import { createStore, type Store } from '../../src/redis/store.js'
import type { Criteria } from '../../src/settlement/criteria.js'
import { findInSenders, findMessages, findNamed, namesByProviderId, type Page } from '../../src/settlement/find.js'
import type { Position } from '../../src/settlement/search.js'
import { comparePositions } from '../../src/settlement/search.js'
import { createPrefix, startRedis, type Teardown } from '../support/redis.js'
import { createRandom } from '../property/random.js'
import { seedOf } from '../support/seed.js'

const DAY = 86_400_000
const HOUR = 3_600_000
const server = await startRedis(t)
const redis = server.connect()
const recipients = Array.from({ length: 25 }, (_, i) => `p1415555${String(i).padStart(4, '0')}`)

async function startStore (t: Teardown, prefix: string): Promise<Store> {
  const connections = await connect(server.url, createBus())
  t.teardown(connections.close)
  return createStore(connections, { prefix, leaseMs: 30_000 })
}

/** What the test knows of a message: it is never read from Redis. */
interface Stored {
  id: string
  sender: string
  hour: number
  atMs: number
  recipient: string
  metadata: Record<string, string>
  campaign?: string
  caller: string
  state: string
}
interface Draft { recipient?: string, metadata?: Record<string, string>, campaign?: string, caller?: string }

/** A store whose last reading of Redis's clock the test sets. */
function storeAt (prefix: string, nowMs: () => number): Store {
  return { redis, prefix, run: createRun(redis, prefix, { nowMs }), nowMs } as unknown as Store
}

const RULES = { pairIntervalUs: 1, pairBurst: 1, senderIntervalUs: 1, senderBurst: 1000, maxInFlight: 100_000, perSecond: 1000 }

let count = 0
/** Accepts messages at `ms`, in one script call if several are given. The hour of the index is that of the store's clock. */
async function accept (store: Store, sender: string, ms: number, drafts: readonly Draft[], inline = false): Promise<Stored[]> {
  const hour = hourOf(store.nowMs(sender))
  return await Promise.all(drafts.map(async draft => {
    const { recipient = recipients[0] ?? '', metadata = {}, campaign, caller = 'web' } = draft
    const name = digest(sender, 'web', `${count++}`)
    const body = { to: '+1 415', metadata, ...(campaign === undefined ? {} : { campaign }) }
    const reply = await store.run('admit', { sender, digest: name, hour }, {
      now: ms * 1000,
      digest: name,
      fingerprint: '000000000000ff',
      recipient,
      lane: 2,
      payload: JSON.stringify([caller, 'Hello', 'n', body]),
      inline,
      whenLimited: 'wait',
      lifeMs: DAY,
      scheduledFor: '',
      windowMs: DAY,
      holder: 'a1:1',
      runId: 'run1',
      leaseMs: 60_000,
      queueCap: 100_000,
      backlogCap: 100_000,
      terms: findTerms(recipient, metadata, campaign),
      findS: (7 * DAY + HOUR) / 1000,
      ...(campaign === undefined ? {} : { template: `#${campaign}` })
    })
    if (reply.status !== 'queued' && reply.status !== 'granted') throw new TypeError(JSON.stringify(reply))
    const id = `${name}.${reply.generation}`
    const state = reply.status === 'queued' ? 'queued' : 'sending'
    return { id, sender, hour, atMs: ms, recipient, metadata, caller, state, ...(campaign === undefined ? {} : { campaign }) }
  }))
}

/** A sender with `total` messages, one a ms, of which the last one is now. */
async function fill (prefix: string, sender: string, total: number, draftOf: (i: number) => Draft): Promise<[Store, Stored[]]> {
  const now = Date.now()
  const store = storeAt(prefix, () => now)
  await store.run('quota', { sender }, { operator: true, settings: '', ...RULES })
  const stored = await Promise.all(Array.from({ length: total }, async (_, i) => await accept(store, sender, now - total + i, [draftOf(i)])))
  return [store, stored.flat().toReversed()]
}

/** All pages; every page within its limit, and each further on than the last. */
async function all (limit: number, find: (after: Position | null) => Promise<Page>): Promise<{ ids: string[], pages: number }> {
  const ids: string[] = []
  let pages = 0
  for (let after: Position | null = null; ; pages++) {
    const { messages, next } = await find(after)
    if (messages.length > limit) throw new RangeError('a page is longer than its limit')
    ids.push(...messages.map(({ view }) => view.id))
    if (next === null) return { ids, pages: pages + 1 }
    if (after !== null && comparePositions(next, after) >= 0) throw new RangeError(`no progress from ${after.atMs} to ${next.atMs}`)
    after = next
  }
}

const sinceMs = (): number => Date.now() - 7 * DAY

await t.test('a search by several terms finds all, also behind thousands of others with each term', async t => {
  const [store, stored] = await fill(createPrefix(), '111', 3000, i => ({
    recipient: recipients[i % 25] ?? '', campaign: 'spring', metadata: { order: 'one', ...(i % 500 === 0 ? { rare: 'yes' } : {}) }
  }))
  const search = async (criteria: Criteria, limit: number, budget?: number) => await all(limit, async after =>
    await findMessages(store, '111', criteria, { sinceMs: sinceMs(), limit, after, ...(budget === undefined ? {} : { budget }) }))
  const expected = (matches: (one: Stored) => boolean): string[] => stored.filter(matches).map(({ id }) => id)

  for (const recipient of recipients.slice(0, 3)) {
    const own = expected(one => one.recipient === recipient)
    t.equal(own.length, 120)
    t.strictSame((await search({ recipient, tag: 'order:one', campaign: 'spring' }, 50)).ids, own)
  }
  const ids = stored.map(({ id }) => id)
  t.strictSame((await search({}, 100)).ids, ids, 'without a criterion')
  t.strictSame((await search({ tag: 'order:one' }, 100)).ids, ids, 'a common tag')
  t.strictSame((await search({ campaign: 'spring' }, 100)).ids, ids, 'a campaign')
  t.strictSame((await search({ tag: 'order:one' }, 1, 500)).ids.slice(0, 3), ids.slice(0, 3), 'the first is the newest')
  t.strictSame((await search({ tag: 'rare:yes', campaign: 'spring' }, 20)).ids, expected(one => one.metadata['rare'] === 'yes'))
  t.strictSame((await search({ tag: 'order:one', campaign: 'autumn' }, 20)).ids, [])
})

await t.test('a search that has to read much stops within its budget, and its cursor goes on', async t => {
  const [store, stored] = await fill(createPrefix(), '111', 2400, i => ({ metadata: { left: '1' }, ...(i < 3 ? { caller: 'other' } : {}) }))
  let read = 0
  const counting = new Proxy(redis, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown
      if (name !== 'lrange' && name !== 'mget') return typeof value === 'function' ? value.bind(target) : value
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
    const page = await findMessages({ ...store, redis: counting }, '111', { tag: 'left:1', caller: 'other' }, {
      sinceMs: Date.now() - HOUR, limit: 20, after, budget: 900
    })
    worst.push(read)
    return page
  })
  t.strictSame(ids, stored.slice(-3).map(({ id }) => id))
  t.ok(pages >= 3, `${pages} pages`)
  t.ok(Math.max(...worst) <= 2000, `at most ${Math.max(...worst)} entries and results are read at once`)
})

await t.test('messages of one millisecond are newest first, also those of one call', async t => {
  const prefix = createPrefix()
  const now = Date.now()
  const store = storeAt(prefix, () => now)
  await store.run('quota', { sender: '111' }, { operator: true, settings: '', ...RULES })
  const single = []
  for (let i = 0; i < 20; i++) single.push(...await accept(store, '111', now, [{ recipient: recipients[i % 25] ?? '' }]))
  const together = await accept(store, '111', now, Array.from({ length: 50 }, (_, i) => ({ recipient: recipients[i % 25] ?? '' })))
  const expected = [...single, ...together].toReversed().map(({ id }) => id)
  for (const limit of [1, 7, 100]) {
    const { ids } = await all(limit, async after => await findMessages(store, '111', {}, { sinceMs: sinceMs(), limit, after }))
    t.strictSame(ids, expected, `pages of ${limit}`)
  }
})

await t.test('messages are found by the provider\'s id, and a status finds them by it', async t => {
  const [store, stored] = await fill(createPrefix(), '111', 300, i => ({ recipient: `p1416555${String(i).padStart(4, '0')}` }))
  for (const { id } of stored) {
    const grant = await store.run('claim', { sender: '111' }, { drainRun: 'a1.1', want: 1, mode: 'attend', holder: 'a1:2', leaseMs: 30_000 })
    const [claimed] = 'grants' in grant ? grant.grants : []
    if (claimed === undefined) break
    await store.run('settle', { sender: '111', digest: claimed.id.slice(0, 22) }, {
      id: claimed.id,
      recipient: claimed.recipient,
      attempt: claimed.attempt,
      holder: 'a1:2',
      settlement: 'sent',
      startedUs: 1,
      afterMs: '',
      bucket: '',
      coolMs: 0,
      code: '',
      resultSuffix: `web wamid.${claimed.id.slice(0, 6)}`,
      history: '',
      findS: 90_000,
      term: providerEntry(`wamid.${claimed.id.slice(0, 6)}`, claimed.id)
    })
    if (id === '') return
  }
  for (const { id } of stored.slice(-40)) {
    const names = await namesByProviderId(store, '111', `wamid.${id.slice(0, 6)}`, DAY)
    const { messages } = await findNamed(store, '111', names, {}, { sinceMs: 0, limit: 5 })
    t.strictSame(messages.map(({ view }) => [view.id, view.state]), [[id, 'sent']])
  }
  t.strictSame(await namesByProviderId(store, '111', 'wamid.none', DAY), [])
})

for (const hours of [5, -5]) {
  await t.test(`what a node takes whose clock is ${hours} hours off is found by all, and it finds what they take`, async t => {
    const prefix = createPrefix()
    const right = await startStore(t, prefix)
    const real = Date.now
    const offset = (): number => real() + hours * HOUR
    const within = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      Date.now = offset
      return await work().finally(() => { Date.now = real })
    }
    const wrong = await within(async () => await startStore(t, prefix))
    await right.run('quota', { sender: '111' }, { operator: true, settings: '', ...RULES })
    const [seconds] = await redis.time()
    const since = Number(seconds) * 1000 - DAY
    const search = async (store: Store): Promise<string[]> => {
      const { messages } = await findMessages(store, '111', { tag: 'order:one' }, { sinceMs: since, limit: 9 })
      return messages.map(({ view }) => view.id)
    }
    const taken = await within(async () => await accept(wrong, '111', Number(seconds) * 1000, [{ metadata: { order: 'one' } }]))
    t.strictSame(await search(right), taken.map(({ id }) => id))
    t.strictSame(await within(async () => await search(wrong)), taken.map(({ id }) => id))
    t.strictSame((await redis.keys(`{${prefix}:111}:index:*`)).length, 1)
  })
}

for (const seed of process.env['SEED'] === undefined ? [2, seedOf('find')] : [seedOf('find')]) {
  await t.test(`seed ${seed}: each search finds what an independent list has, over hours, senders, expiries and page cuts`, async t => {
    const random = createRandom(seed)
    const prefix = createPrefix()
    const start = Math.floor(Date.now() / HOUR) * HOUR - 30 * HOUR
    const clock = { ms: start }
    const store = storeAt(prefix, () => clock.ms)
    const nodes = [store, store, storeAt(prefix, () => clock.ms - 2), storeAt(prefix, () => clock.ms + 2)]
    const senders = ['111', '222', '333']
    for (const sender of senders) await store.run('quota', { sender }, { operator: true, settings: '', ...RULES })
    const stored: Stored[] = []
    for (let step = 0; step < 150; step++) {
      // Now and then close to a full hour, where the clock of the node and that of the script disagree.
      clock.ms += random.pick([0, 0, 0, 1, 1000, 60_000, HOUR / 3])
      if (random.chance(0.1)) clock.ms = Math.ceil((clock.ms + 1) / HOUR) * HOUR - 1
      const ms = clock.ms
      const node = random.pick(nodes)
      const sender = random.pick(senders)
      const draft = (): Draft => ({
        recipient: random.pick(recipients),
        metadata: { order: random.pick(['A', 'B']), ...(random.chance(0.1) ? { rare: 'yes' } : {}) },
        caller: random.pick(['web', 'shop']),
        ...(random.chance(0.5) ? { campaign: random.pick(['spring', 'sale']) } : {})
      })
      const isInline = random.chance(0.4)
      const accepted = await accept(node, sender, ms, [draft()], isInline)
      for (const message of accepted) {
        if (message.state === 'sending') {
          const settlement = random.pick(['sent', 'sent', 'failed'] as const)
          await node.run('settle', { sender, digest: message.id.slice(0, 22) }, {
            now: ms * 1000,
            id: message.id,
            recipient: message.recipient,
            attempt: 1,
            holder: 'a1:1',
            settlement,
            startedUs: 0,
            afterMs: '',
            bucket: '',
            coolMs: 0,
            code: settlement === 'failed' ? '131026' : '',
            resultSuffix: `${message.caller}${message.campaign === undefined ? '' : `@${message.campaign}`} - ${JSON.stringify(message.metadata)}`,
            history: settlement === 'failed' ? JSON.stringify({ attempt: 1, outcome: 'rejected', code: '131026', reason: 'rejected' }) : '',
            reason: settlement === 'failed' ? 'rejected' : '',
            term: '',
            findS: 90_000
          })
          message.state = settlement
        }
      }
      stored.push(...accepted)
    }
    const since = clock.ms - random.pick([2, 12, 40]) * HOUR
    // Of one millisecond and sender, in the order of acceptance, as far as the nodes agree on the hour.
    const order = (one: Stored, other: Stored): number => other.atMs - one.atMs ||
      (one.sender < other.sender ? 1 : one.sender > other.sender ? -1 : 0) || other.hour - one.hour || stored.indexOf(other) - stored.indexOf(one)
    for (let search = 0; search < 25; search++) {
      const from = random.chance(0.3) ? start + random.int(0, 30) * HOUR : undefined
      const until = random.chance(0.3) ? random.pick(stored).atMs + random.pick([0, 1]) : undefined
      const criteria: Criteria = {
        ...(random.chance(0.3) ? { recipient: random.pick(recipients) } : {}),
        ...(random.chance(0.3) ? { tag: random.pick(['order:A', 'order:B', 'rare:yes', 'none:1']) } : {}),
        ...(random.chance(0.3) ? { campaign: random.pick(['spring', 'sale', 'none']) } : {}),
        ...(random.chance(0.2) ? { caller: random.pick(['web', 'shop']) } : {}),
        ...(random.chance(0.3) ? { states: random.pick([['sent'], ['failed'], ['queued'], ['sent', 'queued']] as const) } : {}),
        ...(random.chance(0.1) ? { errorCode: '131026' } : {}),
        ...(from === undefined ? {} : { acceptedFrom: from }),
        ...(until === undefined ? {} : { acceptedUntil: until })
      }
      const searched = random.chance(0.5) ? senders : [random.pick(senders)]
      const limit = random.pick([5, 20, 100])
      const budget = random.pick([20_000, 20_000, 30])
      const { ids } = await all(limit, async after => await findInSenders(searched, limit, async (sender, shared) =>
        await findMessages(store, sender, criteria, { sinceMs: since, limit, after, budget: Math.min(budget, shared) })))
      const expected = stored.filter(one => searched.includes(one.sender) && one.atMs >= since &&
        (criteria.recipient === undefined || one.recipient === criteria.recipient) &&
        (criteria.tag === undefined || criteria.tag === `order:${one.metadata['order']}` || criteria.tag === `rare:${one.metadata['rare']}`) &&
        (criteria.campaign === undefined || one.campaign === criteria.campaign) &&
        (criteria.caller === undefined || one.caller === criteria.caller) &&
        (criteria.states === undefined || (criteria.states as readonly string[]).includes(one.state)) &&
        (criteria.errorCode === undefined || one.state === 'failed') &&
        (from === undefined || one.atMs >= from) && (until === undefined || one.atMs < until)).sort(order)
      t.strictSame(ids, expected.map(({ id }) => id), `${JSON.stringify(criteria)} of ${searched.join(' ')}, pages of ${limit}, budget ${budget}`)
    }
  })
}
