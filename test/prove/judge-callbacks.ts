/** Sentences 33 to 36: every change is called back once, in order, unchanged and in time. */
import { factsOf, groupBy, type CalledBack, type Fact, type Message, type Rules } from './history.js'
import { CALLBACK_LEASE_MS, LATE_CALLBACK_MS, type Report } from './model.js'
import { uncovered } from './sends.js'

const rank: Record<string, number> = { sent: 1, delivered: 2, read: 3 }
const FINAL = new Set(['sent', 'delivered', 'read', 'failed', 'cancelled', 'expired'])

export function judgeCallbacks (rules: Rules, messages: Map<string, Message>, facts: Fact[], report: Report): void {
  if (rules.callbacks !== true) return
  const byMessage = groupBy(factsOf(facts, 'called-back'), ({ message }) => message)
  const known = new Set<string>()
  for (const message of messages.values()) {
    // A message of which Redis lost the acceptance has another id once it is accepted again.
    for (const { id } of message.responses) if (id !== undefined) known.add(id)
    const id = idOf(message)
    if (id === undefined) continue
    known.add(id)
    judgeMessage(message, byMessage.get(id) ?? [], report)
  }
  for (const [id, [first]] of byMessage) if (!known.has(id)) report(35, `${first?.id}: of a message that no caller posted`)
  judgeLateness([...byMessage.values()].flat(), facts, report)
}

export function idOf ({ responses, ended }: Message): string | undefined {
  return ended?.id ?? responses.find(({ id }) => id !== undefined)?.id
}

/** The first accepted post of each callback of a message, in the order of the first posts. */
export function changesOf (posts: CalledBack[]): CalledBack[] {
  const sorted = [...posts].sort((a, b) => a.at - b.at)
  return [...groupBy(sorted, ({ id }) => id).values()].flatMap(same => same.find(({ status }) => status >= 200 && status < 300) ?? [])
}

function judgeMessage (message: Message, posts: CalledBack[], report: Report): void {
  const { posted: { key }, ended, bounced, operations, erasedFrom } = message
  const changes = changesOf(posts)
  const last = changes.at(-1)
  if (ended !== null && FINAL.has(ended.state) && last?.state !== ended.state) {
    report(33, `${key}: ${ended.state}, and the last callback said ${last?.state ?? 'nothing'}`)
  }
  const isReopened = bounced.size > 0 || operations.some(({ action }) => action === 'retry')
  changes.forEach((change, i) => {
    const before = changes[i - 1]
    if (before === undefined) return
    const first = posts.reduce((first, one) => one.id === change.id ? Math.min(first, one.at) : first, Infinity)
    if (first < before.at) report(34, `${key}: ${change.state} was posted before ${before.state} was accepted`)
    if (change.changedAt < before.changedAt) report(34, `${key}: ${change.state} is older than ${before.state} before it`)
    // Sent, failed by a webhook, and sent again: a retry is no change that is called back.
    if (change.state === before.state && !isReopened) report(34, `${key}: ${change.state} twice, under two ids`)
    const falls = (rank[change.state] ?? 0) < (rank[before.state] ?? 0)
    if (falls && !isReopened) report(34, `${key}: ${change.state} after ${before.state}`)
  })
  if (erasedFrom < Infinity) return
  for (const same of groupBy(posts, ({ id }) => id).values()) {
    if (same.some(({ body }) => body !== same[0]?.body)) report(35, `${key}: ${same[0]?.id} had two contents`)
  }
}

/** Sentence 36. Callbacks of a message are sent in order, and a rejected one is repeated at growing intervals: so neither is judged. */
function judgeLateness (posts: CalledBack[], facts: Fact[], report: Report): void {
  const waits = factsOf(facts, 'trouble').filter(({ of, node }) =>
    of === 'receiver' || of === 'machine' || of === 'workers' || (of === 'redis' && node === null))
  // What a node has leased when it ends, or is frozen, is leased to another once that lease is over, or goes on with the node.
  const away = [...factsOf(facts, 'trouble').filter(({ of }) => of === 'process'), ...factsOf(facts, 'frozen')]
  const leases = away.map(({ from, to }) => ({ from, to: Math.min(to, from + CALLBACK_LEASE_MS) }))
  const rejected = new Set(posts.filter(({ status }) => status < 200 || status >= 300).map(({ message }) => message))
  for (const [id, [first]] of groupBy(posts, ({ id }) => id)) {
    if (first === undefined || rejected.has(first.message)) continue
    if (first.at - first.changedAt < LATE_CALLBACK_MS) continue
    const lateMs = uncovered(first.changedAt, first.at, [...waits, ...leases])
    if (lateMs > LATE_CALLBACK_MS) report(36, `${id} came ${Math.round(lateMs / 1000)} s late`)
  }
}
