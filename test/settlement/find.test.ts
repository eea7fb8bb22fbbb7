/** Searching the look-up index: complete, newest first, with bounded work per call, and page by page. An independent list says what is found. */
import t from 'tap'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import { providerEntry } from '../../src/redis/lookup-index.js'
import { createStore, type Store } from '../../src/redis/store.js'
import { findMessages, findNamed, namesByProviderId, type Criteria } from '../../src/settlement/find.js'
import { createPrefix, startRedis, type Teardown } from '../support/redis.js'
import { accept, all, DAY, fill, HOUR, recipients, RULES, storeAt, type Stored } from './found.js'

const server = await startRedis(t)
const redis = server.connect()

async function startStore (t: Teardown, prefix: string): Promise<Store> {
  const connections = await connect(server.url, createBus())
  t.teardown(connections.close)
  return createStore(connections, { prefix, leaseMs: 30_000 })
}

const sinceMs = (): number => Date.now() - 7 * DAY

await t.test('a search by several terms finds all, also behind thousands of others with each term', async t => {
  const [store, stored] = await fill(redis, createPrefix(), '111', 3000, i => ({
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
  const [store, stored] = await fill(redis, createPrefix(), '111', 2400, i => ({ metadata: { left: '1' }, ...(i < 3 ? { caller: 'other' } : {}) }))
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
  const store = storeAt(redis, prefix, () => now)
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
  const [store, stored] = await fill(redis, createPrefix(), '111', 300, i => ({ recipient: `p1416555${String(i).padStart(4, '0')}` }))
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
