import type { Bus } from '../events.js'
import { inIsolation } from '../parallel.js'
import { parseId } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { isUnavailable, reportError } from '../redis/unavailable.js'

/** What is counted of a sender. `attempts`: those that reached WhatsApp or should have; `failing`: those of them that failed. */
export const countNames = ['accepted', 'sent', 'delivered', 'read', 'failed', 'attempts', 'failing'] as const
export type CountName = typeof countNames[number]

/** Newest messages that are kept of each sender. */
export const LATEST = 200
/** The day before can be compared, on the longest day of a time zone. */
const COUNTS_LIFE_S = 52 * 3600
const IDS_LIFE_S = 7 * 86_400
const FLUSH_MS = 2000
const CONCURRENCY = 10

/** Failures of attempts that say something of WhatsApp or of the message. A limit and a request that never started do not. */
const failing = new Set(['retryable', 'rejected', 'sender-stopped', 'unknown'])

interface Pending { counts: Map<CountName, number>, ids: string[] }

/**
 * Counts messages and attempts by sender, and remembers the newest messages. A node adds its counts to Redis every two seconds, so nothing waits
 * for them; counts of the last seconds are lost if the node dies. `stop` writes what is left.
 */
export function countActivity ({ store, events }: { store: Store, events: Bus }): { stop: () => Promise<void> } {
  let pending = new Map<string, Pending>()

  function of (sender: string): Pending {
    let counted = pending.get(sender)
    if (counted === undefined) pending.set(sender, counted = { counts: new Map(), ids: [] })
    return counted
  }
  function add (sender: string, name: CountName): void {
    const { counts } = of(sender)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }

  events.on('message.admitted', ({ sender, id, outcome }) => {
    if (outcome !== 'granted' && outcome !== 'queued') return
    add(sender, 'accepted')
    const { ids } = of(sender)
    ids.push(id)
    if (ids.length > 2 * LATEST) ids.splice(0, LATEST)
  })
  events.on('attempt.settled', ({ sender, outcome, settlement }) => {
    if (outcome !== 'unsent') add(sender, 'attempts')
    if (failing.has(outcome)) add(sender, 'failing')
    if (settlement === 'sent' || settlement === 'failed') add(sender, settlement)
  })
  events.on('attempt.stale', ({ sender, result }) => { if (result === 'sent') add(sender, 'sent') })
  events.on('receipt.applied', ({ sender, status, result }) => {
    if (result === 'sent' || result === 'failed') add(sender, result)
    if ((result === 'sent' || result === 'advanced') && (status === 'delivered' || status === 'read')) add(sender, status)
  })
  events.on('message.closed', ({ sender, state }) => { if (state === 'expired') add(sender, 'failed') })

  async function flush (): Promise<void> {
    const taken = pending
    pending = new Map()
    await inIsolation([...taken], CONCURRENCY, async ([sender, { counts, ids }]) => {
      await store.run('count-activity', { sender }, {
        counts: [...counts].map(([name, count]) => `${name} ${count}`).join(' '),
        ids: ids.slice(-LATEST).map(id => parseId(id)?.id ?? id).join(' '),
        most: LATEST,
        countsLifeS: COUNTS_LIFE_S,
        idsLifeS: IDS_LIFE_S
      })
    }, error => {
      // Counts are worth no retry: the call may have run, and an outage is reported by what needs Redis.
      if (!isUnavailable(error)) reportError(events, 'activity', error)
    })
  }

  let running = Promise.resolve()
  const timer = setInterval(() => { if (pending.size > 0) running = running.then(flush) }, FLUSH_MS)
  return {
    async stop () {
      clearInterval(timer)
      await running.then(flush)
    }
  }
}
