import type { CloseDeps } from '../drain/close.js'
import type { Category } from '../message.js'
import { inParallel } from '../parallel.js'
import { releaseSuspended } from '../recovery/release-suspended.js'
import { senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { reportError } from '../redis/unavailable.js'
import { parseTemplate, type TemplateName } from '../template-name.js'

/** Rates that a sender may have. Scripts look at all of them only where one is changed or shown. */
export const MOST_RATES = 100

/** What has a rate: a template in one language, or a category. */
export type Rated = TemplateName | { category: Category }

/** The rate of a template or a category at one sender. `since`: when it was set, ms. `waiting`: messages that wait for it. */
export interface Rate { rated: Rated, perSecond: number, since: number, waiting: number }

const CONCURRENCY = 10

/** The rates of a sender: those of templates first, by name. */
export async function listRates ({ redis, prefix }: Store, sender: string): Promise<Rate[]> {
  const entries = Object.entries(await redis.hgetall(senderKey(prefix, sender, 'templates')))
  const rates: Rate[] = []
  // Of one that is being removed, messages return to their queues.
  await inParallel(entries.filter(([group, text]) => group.startsWith('%') && text.startsWith('planned ')), CONCURRENCY, async ([group, text]) => {
    const [, since = '0', , , ...words] = text.split(' ')
    const [perSecond, ...name] = words.slice(0, -3).reverse()
    const waiting = await redis.zlexcount(senderKey(prefix, sender, 'suspended'), `[${group}:`, `(${group};`)
    const spelled = name.reverse().join(' ')
    const rated = group.startsWith('%t') ? parseTemplate(spelled) : { category: spelled as Category }
    rates.push({ rated, perSecond: Number(perSecond), since: Number(since) / 1000, waiting })
  })
  return rates.sort((a, b) => nameOf(a.rated) < nameOf(b.rated) ? -1 : 1)
}

const nameOf = (rated: Rated): string => 'category' in rated ? `~ ${rated.category}` : `${rated.name} ${rated.language}`

/**
 * Writes the rate of a template or a category; null removes it, and what waits returns to its queue in the background. It takes effect at the next
 * grant, also for messages that wait. Returns `full` where the sender has as many rates as it may have.
 */
export async function writeRate (deps: CloseDeps, sender: string, rated: Rated, perSecond: number | null): Promise<'written' | 'unchanged' | 'full'> {
  const { status } = await deps.store.run('set-rate', { sender }, {
    template: 'category' in rated ? '' : rated.name,
    language: 'category' in rated ? '' : rated.language,
    category: 'category' in rated ? rated.category : '',
    perSecond: perSecond ?? 0,
    most: MOST_RATES
  })
  if (status === 'written' && perSecond === null) {
    releaseSuspended(deps, sender).catch(error => { reportError(deps.events, 'release of a rate', error) })
  }
  return status
}
