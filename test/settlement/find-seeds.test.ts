/** Random histories: each search finds what an independent list has. */
import t from 'tap'
import { findInSenders, findMessages, type Criteria } from '../../src/settlement/find.js'
import type { Payload } from '../../src/message.js'
import { resultTail } from '../../src/settlement/record.js'
import { createRandom } from '../property/random.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { seedOf } from '../support/seed.js'
import { accept, all, HOUR, recipients, RULES, storeAt, type Draft, type Stored } from './found.js'

const redis = (await startRedis(t)).connect()

/** What a node writes at the end of a result. */
const suffixOf = ({ caller, campaign, template, metadata }: Stored): string => resultTail({
  to: '+1 415',
  caller,
  metadata,
  ...(campaign === undefined ? {} : { campaign }),
  ...(template === undefined ? { type: 'text', message: 'Hello' } : { type: 'template', message: { name: template, language: { code: 'en' } } })
} as unknown as Payload)

for (const seed of process.env['SEED'] === undefined ? [2, seedOf('find')] : [seedOf('find')]) {
  await t.test(`seed ${seed}: each search finds what an independent list has, over hours, senders, expiries and page cuts`, async t => {
    const random = createRandom(seed)
    const prefix = createPrefix()
    const start = Math.floor(Date.now() / HOUR) * HOUR - 30 * HOUR
    const clock = { ms: start }
    const store = storeAt(redis, prefix, () => clock.ms)
    const nodes = [store, store, storeAt(redis, prefix, () => clock.ms - 2), storeAt(redis, prefix, () => clock.ms + 2)]
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
        ...(random.chance(0.5) ? { campaign: random.pick(['spring', 'sale']) } : {}),
        ...(random.chance(0.5) ? { template: random.pick(['order_ready', 'a@b']) } : {})
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
            resultSuffix: suffixOf(message),
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
        ...(random.chance(0.2) ? { template: random.pick(['order_ready', 'a@b', 'none']) } : {}),
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
        (criteria.template === undefined || one.template === criteria.template) &&
        (criteria.caller === undefined || one.caller === criteria.caller) &&
        (criteria.states === undefined || (criteria.states as readonly string[]).includes(one.state)) &&
        (criteria.errorCode === undefined || one.state === 'failed') &&
        (from === undefined || one.atMs >= from) && (until === undefined || one.atMs < until)).sort(order)
      t.strictSame(ids, expected.map(({ id }) => id), `${JSON.stringify(criteria)} of ${searched.join(' ')}, pages of ${limit}, budget ${budget}`)
    }
  })
}
