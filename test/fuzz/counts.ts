/** The counts of campaigns and callers compared with the messages' own ends, as Redis has them: nothing here comes from the scripts that count. */
import type { FuzzWorld } from './world.js'

/** `cancelled...`: only these are ever cancelled, since no message joins them then. */
/** As admit.lua gets them; an empty name is that of a gateway with one caller. */
export const CALLERS = ['', 'web', 'web', 'shop*3', 'crm/3']
/** Templates that may have a rate. */
export const RATED = ['offer', 'receipt']
export const CAMPAIGNS = ['spring', 'spring.26', 'cancelled-1', 'cancelled-2']

const NAMES = ['accepted', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'expired'] as const
type Counts = Record<typeof NAMES[number], number>
const countedAs: Record<string, Array<typeof NAMES[number]>> = {
  s: ['sent'], d: ['sent', 'delivered'], r: ['sent', 'delivered', 'read'], f: ['failed'], c: ['cancelled'], e: ['expired']
}

export async function setCampaign (w: FuzzWorld): Promise<void> {
  const campaign = w.random.pick(CAMPAIGNS)
  const state = campaign.startsWith('cancelled') && w.random.chance(0.05) ? 'cancelled' : w.random.pick(['paused', 'running', 'running'])
  await w.run('set-campaign', { campaign, state })
}

/** Plans it for at most some seconds, or removes its plan. It gets no end, since messages are rejected after that. */
export async function planCampaign (w: FuzzWorld): Promise<void> {
  const campaign = w.random.pick(CAMPAIGNS)
  const startAt = w.random.chance(0.4) ? Math.floor(w.now / 1000) + w.random.int(1, 20_000) : 0
  const perSecond = w.random.pick(['0', '0.5', '3', '200'])
  await w.run('set-campaign', { campaign, state: '', startAt, perSecond, lane: w.random.int(0, 3), endAt: '', check: w.random.chance(0.1) })
}

/** Gives a template or a category a rate, or removes it. */
export async function setRate (w: FuzzWorld): Promise<void> {
  const template = w.random.pick([...RATED, ''])
  const of = template === '' ? { template, language: '', category: 'marketing' } : { template, language: 'en_US', category: '' }
  await w.run('set-rate', { ...of, perSecond: w.random.pick(['0', '0.5', '3', '200']), most: 100 })
}

/** Violations, one sentence each. */
export async function judgeCounts (w: FuzzWorld, backlog: Record<string, string>): Promise<string[]> {
  await follow(w, backlog)
  const entries = await w.redis.hgetall(w.key('campaigns'))
  const callers = [...new Set(CALLERS.filter(caller => caller !== '').map(caller => `~${callerOf(caller)}`))]
  return [...CAMPAIGNS, ...callers].flatMap(name => {
    const ids = [...w.messages.values()].filter(({ campaign, caller }) => campaign === name || `~${caller}` === name).map(({ id }) => id)
    const words = (entries[name] ?? '').split(' ')
    const counts = Object.fromEntries(NAMES.map((count, i) => [count, Number(words[i + 3] ?? 0)])) as Counts
    const found: string[] = []
    const unsettled = counts.accepted - counts.sent - counts.failed - counts.cancelled - counts.expired
    const waiting = ids.filter(id => id in backlog).length
    if (counts.accepted !== ids.length) found.push(`${name} has ${ids.length} messages and counts ${counts.accepted}`)
    if (unsettled !== waiting) found.push(`${name} has ${waiting} unsettled messages and counts ${unsettled}`)
    const codes = words.slice(14).reduce((sum, word) => sum + Number(word.split('=')[1]), 0)
    if (codes !== counts.failed) found.push(`${name} counts ${counts.failed} failed messages and ${codes} with codes`)
    const fates = ids.map(id => w.fates.get(id) ?? '?')
    if (fates.includes('?')) return found
    const expected = Object.fromEntries(NAMES.map(count => [count, 0])) as Counts
    for (const fate of fates) for (const count of countedAs[fate] ?? []) expected[count]++
    for (const count of NAMES.slice(1)) {
      if (counts[count] !== expected[count]) found.push(`${name} has ${expected[count]} ${count} messages and counts ${counts[count]}`)
    }
    return found
  })
}

/** Without its weight and its limit. */
export const callerOf = (argument: string): string => argument.split(/[*/]/)[0] ?? ''

/** Notes how each message has ended: `w` for not yet, the letter of its result, or `?` once that cannot be known any more. */
async function follow (w: FuzzWorld, backlog: Record<string, string>): Promise<void> {
  const ids = [...w.messages.values()].filter(({ campaign, caller }) => campaign !== '' || caller !== '').map(({ id }) => id)
  const marks = ids.length === 0 ? [] : await w.redis.mget(...ids.map(id => w.key('msg', id)))
  for (const [i, id] of ids.entries()) {
    const [letter = '', generation] = marks[i]?.split(' ') ?? []
    const isOwn = generation === id.split('.')[1] && letter !== 'w'
    if (id in backlog) w.fates.set(id, 'w')
    else if (isOwn) w.fates.set(id, letter)
    // Its result has expired, or a younger message has its key. How it ended before stays, if nothing can have changed it since.
    else if (!'fce'.includes(w.fates.get(id) ?? '?') || await w.redis.hexists(w.key('failure-records'), id) === 1) w.fates.set(id, '?')
  }
}

/**
 * A caller with a limit of the backlog waits for its own messages exactly where so many have not ended. `before`: the messages that were admitted
 * before this reply; several admissions may be under way.
 */
export async function checkBacklog (w: FuzzWorld, caller: string, before: string[], reply: { status: string, code?: string }): Promise<void> {
  const limit = Number(caller.split('/')[1] ?? Infinity)
  const backlog = await w.redis.hgetall(w.key('backlog'))
  const stored = before.filter(id => id in backlog && w.messages.get(id)?.caller === callerOf(caller)).length
  if (reply.code === 'CALLER_BACKLOG_FULL' && stored < limit) throw new Error(`${caller} was rejected with ${stored} messages`)
  if ((reply.status === 'queued' || reply.status === 'scheduled') && stored >= limit) throw new Error(`${caller} waits with ${stored} others`)
}
