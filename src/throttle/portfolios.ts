import type { Bus } from '../events.js'
import { inIsolation } from '../parallel.js'
import type { Run } from '../redis/commands.js'
import { globalKey } from '../redis/keys.js'
import { redisNowMs } from '../redis/server-clock.js'
import type { Store } from '../redis/store.js'
import { every, isUnavailable } from '../redis/unavailable.js'
import type { SenderRegistry } from '../sender-registry.js'
import { isUneven, planShares, UNLIMITED, type Member } from './share-plan.js'

const CONCURRENCY = 20
const TICK_MS = 2000
/** Between two rounds of a portfolio, over all nodes. */
const ROUND_MS = 10_000

export interface PortfolioDeps { store: Store, events: Bus, senders: Pick<SenderRegistry, 'ids' | 'settingsOf'> }

/**
 * Leases the shares of every portfolio again and again, by any node: the number of a round is about the time of its begin. A limit that this node
 * learns has taken the shares of a higher one, as at the start of a new portfolio: then the next round does not wait.
 */
export function startPortfolioRounds ({ store, events, senders }: PortfolioDeps): { stop: () => Promise<void> } {
  const key = globalKey(store.prefix, 'portfolios')
  const changed = new Set<string>()
  events.on('sender.daily-limit', ({ sender }) => {
    const portfolio = senders.settingsOf(sender)?.daily?.portfolio ?? null
    if (portfolio !== null) changed.add(portfolio)
  })
  async function tick (): Promise<void> {
    const members = new Map<string, string[]>()
    for (const id of senders.ids()) {
      const portfolio = senders.settingsOf(id)?.daily?.portfolio ?? null
      if (portfolio !== null) members.set(portfolio, [...members.get(portfolio) ?? [], id])
    }
    const stored = new Map(Object.entries(await store.redis.hgetall(key)))
    if (members.size + stored.size === 0) return
    const nowMs = await redisNowMs(store.redis, key)
    for (const portfolio of new Set([...members.keys(), ...stored.keys()])) {
      const text = stored.get(portfolio) ?? ''
      const round = Number(text.split(' ')[0])
      const isNew = (members.get(portfolio) ?? []).some(sender => !text.includes(` ${sender}=`))
      const isChanged = changed.delete(portfolio)
      if (round > nowMs - ROUND_MS && !isChanged && !(isNew && round < nowMs - TICK_MS)) continue
      await leaseShares(store.run, portfolio, members.get(portfolio) ?? [])
      if (!members.has(portfolio) && !text.includes('=')) await endPortfolio(store.run, portfolio, round)
    }
  }
  return every(TICK_MS, events, 'portfolios', tick)
}

/** `isInside`: it still is in the portfolio; else only those count that it has written to while it was. `limit`: of the portfolio, as it knows it. */
interface Found extends Member { isInside: boolean, limit: number }

interface Round { run: Run, portfolio: string, round: number }

/**
 * One round of a portfolio: distributes its daily limit to its senders by what they use and need. A raise is written to the portfolio first, a
 * reduction to the sender first. So at each moment, and after each crash, a sender has at most what is leased to it, and the next round repairs the
 * rest. A later round of any node ends this one. Returns the senders whose share was raised while people wait.
 */
export async function leaseShares (run: Run, portfolio: string, senders: readonly string[]): Promise<string[]> {
  const begun = await run('lease-shares', { sender: '' }, { portfolio, round: '', step: 'begin', limit: UNLIMITED, shares: '' })
  if (begun.status === 'stale') return []
  const at: Round = { run, portfolio, round: begun.round }
  const leased = readShares(begun.shares)
  const names = [...new Set([...senders, ...leased.keys()])]
  const read = await inIsolation(names, CONCURRENCY, async sender => await readMember(at, sender, leased.get(sender) ?? 0), ignoreUnavailable)
  const members = read.filter(member => member !== null)
  if (members.length < read.length) return []
  const inside = members.filter(({ isInside }) => isInside)
  const limits = inside.flatMap(({ limit }) => limit === UNLIMITED ? [] : [limit])
  const limit = limits.length === 0 ? UNLIMITED : Math.min(...limits)
  // One that could not be read keeps what it has.
  const away = [...leased].flatMap(([sender, share]) => members.some(member => member.sender === sender) ? [] : [share])
  if (away.includes(UNLIMITED)) return []
  const outside = members.filter(({ isInside }) => !isInside)
  const kept = [...away, ...outside.map(keptOutside)].reduce((sum, share) => sum + share, 0)
  const left = limit === UNLIMITED ? UNLIMITED : Math.max(0, limit - kept)
  const rest = outside.map(member => ({ ...member, target: keptOutside(member) }))
  if (!isUneven(left, inside) && rest.every(({ leased, target }) => leased === target)) return []
  const plan = planShares(left, inside)
  const reduced = plan === null ? null : await reduce(at, inside, plan)
  if (reduced === 'ended') return []
  const isOver = reduced === null ||
    (left !== UNLIMITED && inside.reduce((sum, { sender, leased }) => sum + (reduced.get(sender) ?? leased), 0) > left)
  const written = isOver ? await stop(at, inside) : reduced
  if (written === 'ended') return []
  for (const { sender, target } of rest) written.set(sender, target)
  const lower = [...written].filter(([sender, share]) => isMore(leased.get(sender) ?? 0, share))
  const args = { portfolio, round: at.round, step: 'reduce', limit: UNLIMITED, shares: writeShares(lower) }
  if (lower.length > 0 && (await run('lease-shares', { sender: '' }, args)).status === 'stale') return []
  return plan === null || isOver ? [] : await raise(at, limit, inside, plan)
}

const keptOutside = ({ used, leased }: Found): number => leased === UNLIMITED ? used : Math.min(used, leased)

/** Removes a portfolio that no sender uses. */
export async function endPortfolio (run: Run, portfolio: string, round: number): Promise<void> {
  await run('lease-shares', { sender: '' }, { portfolio, round, step: 'end', limit: UNLIMITED, shares: '' })
}

/** Null once a later round has begun. */
async function readMember ({ run, portfolio, round }: Round, sender: string, leased: number): Promise<Found | null> {
  const reply = await run('set-share', { sender }, { portfolio, round, step: 'read', share: 0 })
  if (reply.status === 'stale') return null
  if (reply.status === 'other') return { sender, leased, isInside: false, used: reply.used, people: 0, share: 0, limit: UNLIMITED }
  return { sender, leased, isInside: true, used: reply.used, people: reply.people, share: reply.share, limit: reply.limit }
}

/** Whether one share is larger. */
const isMore = (one: number, other: number): boolean => other !== UNLIMITED && (one === UNLIMITED || one > other)

/** Reduces the shares of senders. Returns what each has or uses now at the most, except those that could not be reached. */
async function reduce (at: Round, members: Found[], plan: Map<string, number>): Promise<Map<string, number> | 'ended'> {
  return await writeLower(members, async ({ sender, share, used }) => {
    const target = plan.get(sender) ?? 0
    if (!isMore(share, target)) return share === UNLIMITED ? share : Math.max(share, used)
    const reply = await at.run('set-share', { sender }, { portfolio: at.portfolio, round: at.round, step: 'reduce', share: target })
    return reply.status === 'share' ? Math.max(reply.share, reply.used) : null
  })
}

/** More is used than the limit allows, since it was lowered: no sender writes to another person until a round finds that less is used. */
async function stop (at: Round, members: Found[]): Promise<Map<string, number> | 'ended'> {
  return await writeLower(members, async ({ sender, share, used }) => {
    if (share === 0) return used
    const reply = await at.run('set-share', { sender }, { portfolio: at.portfolio, round: at.round, step: 'stop', share: 0 })
    return reply.status === 'share' ? reply.used : null
  })
}

/** `write`: null once a later round has begun. */
async function writeLower (
  members: Found[], write: (member: Found) => Promise<number | null>
): Promise<Map<string, number> | 'ended'> {
  const replies = await inIsolation(members, CONCURRENCY, async member => [member.sender, await write(member)] as const, ignoreUnavailable)
  const written = replies.flatMap(([sender, share]) => share === null ? [] : [[sender, share] as const])
  return written.length < replies.length ? 'ended' : new Map(written)
}

/** The portfolio first, then the senders. */
async function raise ({ run, portfolio, round }: Round, limit: number, inside: Found[], plan: Map<string, number>): Promise<string[]> {
  const reply = await run('lease-shares', { sender: '' }, { portfolio, round, step: 'raise', limit, shares: writeShares(plan) })
  if (reply.status === 'stale') return []
  const leased = readShares(reply.shares)
  const raised = inside.filter(({ sender, share }) => isMore(leased.get(sender) ?? 0, share))
  const done = await inIsolation(raised, CONCURRENCY, async ({ sender, people }) => {
    const { status } = await run('set-share', { sender }, { portfolio, round, step: 'raise', share: leased.get(sender) ?? 0 })
    return status === 'share' && people > 0 ? [sender] : []
  }, ignoreUnavailable)
  return done.flat()
}

function readShares (text: string): Map<string, number> {
  return new Map([...text.matchAll(/(\S+)=(-?\d+)/g)].map(([, sender = '', share]) => [sender, Number(share)]))
}

function writeShares (shares: Iterable<readonly [string, number]>): string {
  return [...shares].map(([sender, share]) => ` ${sender}=${share}`).join('')
}

/** The server of one sender in the cluster may be down: the others go on. */
function ignoreUnavailable (error: unknown): void {
  if (!isUnavailable(error)) throw error
}
