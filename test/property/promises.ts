import type { Fact } from './history.js'
import { PROBE_MS } from './node.js'
import { LEASE_MS } from './world.js'
import type { Followed, ReadyTime } from './queue-book.js'
import type { Observer } from './observer.js'

/** A claim that finds no free place is repeated so much later: a settlement wakes only the drain run that sent it. */
const FULL_CLAIM_US = 100_000
/**
 * A ready time during a pause, or one that is written during it, causes no wake-up: the next claim of a drain run, or recovery, finds it when the
 * pause ends.
 */
const PAUSE_CLAIM_US = 1_000_000

type Granted = Extract<Fact, { fact: 'granted' }>

/** Judges a grant: the order within the pair, the ready times of other pairs, the promise to the caller. */
export function judgeGrant (observer: Observer, message: Followed, fact: Granted): void {
  const { book, sender, blind } = observer
  const { recipient } = message.admitted
  const pair = book.pair(recipient)
  if (pair.flight !== null) observer.breach('two in flight', fact.at, `${recipient} was granted twice`)
  if (message.expiresMs <= fact.at / 1000) observer.breach('closed', fact.at, `${fact.id} was granted after its lifetime`)
  if (fact.by === 'claim' ? book.head(pair) !== message : book.waiting(pair) > 0) {
    observer.breach('order', fact.at, `${recipient} number ${message.join} was granted by ${fact.by} before number ${book.head(pair)?.join}`)
  }
  if (sender.forbids(fact.at)) observer.breach('closed', fact.at, `${fact.id} was granted by ${fact.by} while the sender was paused or stopped`)
  const forbidden = sender.forbidsProbe(fact.at, PROBE_MS * 1000, LEASE_MS * 1000)
  if (forbidden !== null || (sender.down && fact.by !== 'claim')) {
    observer.breach('closed', fact.at, `${fact.id} was granted by ${fact.by} ${forbidden ?? 'while WhatsApp was down'}`)
  }
  sender.probed(fact.at)
  if (sender.coolUntil > fact.at) observer.breach('closed', fact.at, `${fact.id} was granted by ${fact.by} in the cool-down of a restart`)
  if (pair.bucket.earliest() > fact.at && !blind) {
    observer.breach('spacing', fact.at, `${recipient} was granted ${pair.bucket.earliest() - fact.at} µs too early`)
  }
  if (blind) return
  judgeReadyOrder(observer, message, fact)
  judgeShares(observer, message, fact)
  if (!message.granted) judgePromise(observer, message, fact)
  if (fact.by === 'claim' && observer.punctual) judgeLateness(observer, message, fact)
}

/** No grant passes an earlier ready time of its own lane, or any passed one of a higher lane; in their share the lower lanes go first. */
function judgeReadyOrder (observer: Observer, message: Followed, fact: Granted): void {
  const { book, sender, shares } = observer
  const { lane, recipient } = message.admitted
  const own = book.pair(recipient).readyTime?.at ?? fact.at
  const order = laneOrder(sender.slots + 1)
  for (const other of order.slice(0, order.indexOf(lane) + 1)) {
    for (const readyTime of book.readyTimes[other] ?? []) {
      if (readyTime.pair.recipient === recipient || !mayGo(observer, readyTime, fact.at)) continue
      if (other === lane && !shares.isOfOne(message.admitted.share, book.head(readyTime.pair)?.admitted.share)) continue
      if (other === lane ? readyTime.at < own : readyTime.at <= fact.at) {
        observer.breach(
          'first come',
          fact.at,
          `${recipient} in lane ${lane} (ready at ${own - fact.at}) was granted by ${fact.by} before ${
            readyTime.pair.recipient} in lane ${other} (ready at ${readyTime.at - fact.at})`
        )
      }
    }
  }
}

/** Callers that wait in one lane alternate, by weight, and so do the campaigns of each. */
function judgeShares (observer: Observer, message: Followed, fact: Granted): void {
  const { book, shares } = observer
  const { lane, share, recipient } = message.admitted
  const others = [...book.readyTimes[lane] ?? []].filter(readyTime => readyTime.pair.recipient !== recipient && mayGo(observer, readyTime, fact.at))
  const ahead = shares.grant(lane, share, others.map(({ pair }) => book.head(pair)?.admitted.share ?? ''))
  if (ahead !== null) observer.breach('shares', fact.at, `${share} was granted more often than ${ahead} in lane ${lane}`)
}

/** Lanes in the order in which a slot of the sender, counted from 1, goes to them. */
function laneOrder (slot: number): number[] {
  if (slot % 10 !== 0) return [1, 2, 3]
  return slot % 20 === 0 ? [3, 2, 1] : [2, 3, 1]
}

/** A pair whose head is expired is not granted any more. */
function mayGo (observer: Observer, readyTime: ReadyTime, now: number): boolean {
  return readyTime.at <= now && (observer.book.head(readyTime.pair)?.expiresMs ?? 0) > now / 1000
}

/** A first grant comes no earlier than promised, less the waits of messages ahead that left unsent. */
function judgePromise (observer: Observer, message: Followed, fact: Granted): void {
  const { rules, judgement, sender } = observer
  const { admitted } = message
  const pair = observer.book.pair(admitted.recipient)
  if (admitted.scheduledMs !== null && fact.at < admitted.scheduledMs * 1000) {
    observer.breach('promise', fact.at, `${fact.id} was granted before its schedule`)
  }
  if (admitted.wait === null || admitted.wait.us < 0 || pair.clearedAt >= admitted.at || observer.rulesEasedAt >= admitted.at) return
  const early = admitted.at + admitted.wait.us - fact.at
  judgement.figures.promises++
  if (early <= 0 || ((admitted.wait.waitingFor === 'pause' || admitted.wait.waitingFor === 'sender-stopped') && sender.easedAt >= admitted.at)) return
  const { us, waitingFor } = admitted.wait
  const text = `${admitted.recipient} in lane ${admitted.lane} was granted ${early} µs before its promise of ${us}, waiting for ${waitingFor}`
  if (!message.limitedBySender) {
    if (early > message.leftAhead * rules.pairIntervalMs * 1000) observer.breach('promise', fact.at, text)
    return
  }
  if (message.leftAhead > 0) return
  const isOver = ({ ended, pair }: ReadyTime): boolean => ended === null && (observer.book.head(pair)?.expiresMs ?? Infinity) <= fact.at / 1000
  const unsent = message.ahead.filter(readyTime => readyTime.ended === 'unsent' || isOver(readyTime)).length
  const movedUp = message.ahead.filter(readyTime => readyTime.ended === 'moved up' && readyTime.pair !== pair).length
  if (early > (unsent + movedUp) * sender.interval) observer.breach('promise', fact.at, `${text}; ahead unsent ${unsent}, moved up ${movedUp}`)
  else if (early > unsent * sender.interval) judgement.figures.beatenByShare++
}

/** A drain run that claims whenever a reply asks for it grants each pair exactly at its ready time. */
function judgeLateness (observer: Observer, message: Followed, fact: Granted): void {
  const { book, sender } = observer
  const readyTime = book.pair(message.admitted.recipient).readyTime
  if (readyTime === null) return
  const possible = Math.max(readyTime.at, readyTime.since, sender.openSince(fact.at), sender.placeSince, sender.sleepsUntil)
  const paused = sender.pauseEnded(fact.at) >= Math.max(readyTime.at, readyTime.since) || sender.wasPausedAt(readyTime.since, fact.at)
  const excused = Math.max(possible + (paused ? PAUSE_CLAIM_US : 0), sender.fullAtClaim + FULL_CLAIM_US)
  if (fact.at > excused) observer.breach('late', fact.at, `${readyTime.pair.recipient} was granted ${fact.at - possible} µs late`)
}

/** After a claim that returns a later time, no pair is left that could go now; and the returned time is not too late. */
export function judgeClaim (observer: Observer, fact: Extract<Fact, { fact: 'claimed' }>): void {
  const { book, sender, blind } = observer
  if (fact.dropped > 0) observer.breach('lost', fact.at, `${fact.dropped} heads were dropped`)
  if (sender.full) sender.fullAtClaim = fact.at
  if (blind || sender.isBlocked(fact.at) || sender.full || fact.grants >= fact.want) return
  const readyTimes = book.readyTimes.flatMap(lane => [...lane]).filter(readyTime => (book.head(readyTime.pair)?.expiresMs ?? 0) > fact.at / 1000)
  if (readyTimes.length === 0) return
  const first = Math.max(readyTimes.reduce((least, readyTime) => Math.min(least, readyTime.at), Infinity), sender.openSince(fact.at))
  const next = fact.nextUs < 0 ? Infinity : fact.nextUs
  if (next > Math.max(first, fact.at)) {
    observer.breach(
      'idle',
      fact.at,
      `the next claim is ${next - fact.at} µs away, the next ready time ${first - fact.at}, of ${readyTimes
        .map(readyTime => readyTime.pair.recipient)
        .slice(0, 3)
        .join(' ')}`
    )
  }
}

/** Whether this message could have gone at once. */
function isOpen (observer: Observer, recipient: string, lane: number, now: number): boolean {
  const { book, sender } = observer
  const pair = book.pair(recipient)
  if (sender.isBlocked(now) || sender.full || sender.coolUntil > now || sender.rate.earliest() > now) return false
  if (pair.flight !== null || pair.readyTime !== null || pair.bucket.earliest() > now) return false
  const order = laneOrder(sender.slots + 1)
  return order.slice(0, order.indexOf(lane) + 1).every(other => [...book.readyTimes[other] ?? []].every(readyTime => readyTime.at > now))
}

/** A message is queued only where it could not go at once; records what its promise rests on. */
export function judgeQueued (observer: Observer, message: Followed): void {
  const { book, rules } = observer
  const { admitted } = message
  const { at, recipient, lane } = admitted
  const pair = book.pair(recipient)
  const isFull = admitted.as === 'queued' && book.waiting(pair) >= rules.queueCap
  if (isFull) observer.breach('caps', at, `${recipient} has more waiting than ${rules.queueCap}`)
  if (observer.unsettled >= rules.backlogCap) observer.breach('caps', at, `more than ${rules.backlogCap} unsettled`)
  if (admitted.as === 'queued' && admitted.inline && !observer.blind && isOpen(observer, recipient, lane, at)) {
    observer.breach('gate', at, `${recipient} could have gone at once`)
  }
  if (admitted.wait === null) return
  const pairWait = pair.bucket.waitBehind(book.waiting(pair, lane), at)
  // The promise counts what its own share has ready: only this surely goes before it.
  const isOwn = ({ pair }: ReadyTime): boolean => observer.shares.isSingle || book.head(pair)?.admitted.share === admitted.share
  message.ahead = [...book.readyTimes[lane] ?? []].filter(other => other.at < at + pairWait && isOwn(other))
  message.limitedBySender = observer.sender.waitBehind(message.ahead.length, at) > pairWait
  if (!message.limitedBySender) message.ahead = []
}

export function judgeRefusal (observer: Observer, fact: Extract<Fact, { fact: 'refused' }>): void {
  const { book, rules } = observer
  const waiting = book.waiting(book.pair(fact.recipient))
  const right = {
    RECIPIENT_QUEUE_FULL: waiting >= rules.queueCap,
    BACKLOG_FULL: observer.unsettled >= rules.backlogCap,
    // No recipient opts out here.
    RECIPIENT_OPTED_OUT: false,
    TEMPLATE_REJECTED: false,
    WINDOW_CLOSED: false,
    CAMPAIGN_CANCELLED: false,
    CALLER_BACKLOG_FULL: false,
    WOULD_EXPIRE: fact.waitUs >= fact.lifeMs * 1000,
    LIMITED: observer.blind || !isOpen(observer, fact.recipient, fact.lane, fact.at)
  }
  if (!right[fact.code]) observer.breach('caps', fact.at, `${fact.recipient} was refused for ${fact.code} with ${waiting} waiting`)
}
