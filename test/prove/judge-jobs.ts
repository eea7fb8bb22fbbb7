/** Sentence 48: a bulk job that has ended has done all that matched when it was asked for. */
import { factsOf, groupBy, isOfJob, nameOf, type Fact, type Granted, type JobEnded, type Message, type Rules } from './history.js'
import { CLOCKS_MS, type Report } from './model.js'
import type { Sends } from './sends.js'

export function judgeJobs (rules: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[], report: Report): void {
  const grants = groupBy(factsOf(facts, 'granted'), ({ opaque }) => nameOf(opaque))
  const unacknowledged = new Set(factsOf(facts, 'listed').filter(({ list }) => list === 'unacknowledged').flatMap(({ ids }) => ids))
  for (const job of factsOf(facts, 'job-ended')) {
    if (job.state !== 'completed') continue
    for (const message of messages.values()) {
      if (message.erasedFrom < Infinity || !isOfJob(job.sender, job.filter, message)) continue
      const what = leftOut(job, message, firstGrantOf(rules, message, sends, grants), unacknowledged)
      if (what !== null) report(48, `${message.posted.key}: ${what} a job to ${job.action} it had ended`)
    }
  }
}

/** What shows that the job has left it out, or null. Only what was surely in a state that the job acts on is judged. */
function leftOut ({ action, askedAt, at, movedTo }: JobEnded, message: Message, firstGrant: number, unacknowledged: Set<string>): string | null {
  const { posted, responses, operations, ended } = message
  if (action === 'retry' || action === 'acknowledge') {
    if (ended?.state !== 'failed' || (ended.settledAt ?? Infinity) > askedAt - CLOCKS_MS) return null
    // An opt-out, and the end of its campaign, reject its retry.
    if (action === 'retry') return posted.isMarketing === true || posted.campaign !== undefined ? null : 'failed since before'
    return unacknowledged.has(ended.id ?? '') ? 'not acknowledged after' : null
  }
  const isAccepted = responses.some(response => response.status >= 200 && response.status < 300 && response.at < askedAt - CLOCKS_MS)
  // One that FAILED before is in no state to be cancelled or moved, until it is retried.
  if (!isAccepted || firstGrant <= at + CLOCKS_MS || firstGrant === Infinity || operations.some(one => one.action === 'retry')) return null
  if (action === 'cancel') return 'granted after'
  const isOnlyMove = operations.filter(one => one.action === 'move').length === 1 && posted.expiresInMs === undefined
  return isOnlyMove && typeof movedTo === 'number' && firstGrant < movedTo - CLOCKS_MS ? 'granted before the time to which' : null
}

/** When it was granted first, whether it started or not; Infinity if never. */
function firstGrantOf ({ startWithinMs }: Rules, { posted }: Message, sends: Sends, grants: Map<string, Granted[]>): number {
  const [first] = sends.of(posted.key)
  if (first === undefined) return Infinity
  const own = (grants.get(nameOf(first.opaque)) ?? []).map(({ at }) => at)
  return Math.min(first.granted?.at ?? first.checked.at - startWithinMs, ...own)
}
