import type { Fact } from './history.js'
import type { Followed, Turn } from './line-book.js'
import type { Observer } from './observer.js'

/** A look that finds no place free looks again so much later: a settlement wakes only the shift that sent it. */
const FULL_LOOK_US = 100_000
/** A turn that comes up behind a pause is told to nobody: a shift's next look, or recovery's, finds it when the pause ends. */
const PAUSE_LOOK_US = 1_000_000

type Granted = Extract<Fact, { fact: 'granted' }>

/** Who may not be passed at a grant: order within the pair, turns of other pairs, what the caller was promised. */
export function judgeGrant (observer: Observer, message: Followed, fact: Granted): void {
  const { book, sender, blind } = observer
  const { recipient } = message.admitted
  const pair = book.pair(recipient)
  if (pair.flight !== null) observer.breach('two in flight', fact.at, `${recipient} was granted twice`)
  if (message.expiresMs <= fact.at / 1000) observer.breach('closed', fact.at, `${fact.id} was granted after its life`)
  if (fact.by === 'claim' ? book.head(pair) !== message : book.waiting(pair) > 0) {
    observer.breach('order', fact.at, `${recipient} number ${message.join} was granted by ${fact.by} before number ${book.head(pair)?.join}`)
  }
  if (sender.forbids(fact.at)) observer.breach('closed', fact.at, `${fact.id} was granted by ${fact.by} while the sender was closed`)
  if (sender.coolUntil > fact.at) observer.breach('closed', fact.at, `${fact.id} was granted by ${fact.by} in the cool-down of a restart`)
  if (pair.bucket.earliest() > fact.at && !blind) { observer.breach('spacing', fact.at, `${recipient} was granted ${pair.bucket.earliest() - fact.at} µs too early`) }
  if (blind) return
  judgeTurns(observer, message, fact)
  if (!message.granted) judgePromise(observer, message, fact)
  if (fact.by === 'claim' && observer.attentive) judgeLateness(observer, message, fact)
}

/** Nobody goes past an earlier turn of its own lane, nor a due one of a higher lane; in the lower lanes' share these go first. */
function judgeTurns (observer: Observer, message: Followed, fact: Granted): void {
  const { book, sender } = observer
  const { lane, recipient } = message.admitted
  const own = book.pair(recipient).turn?.at ?? fact.at
  const order = laneOrder(sender.slots + 1)
  for (const other of order.slice(0, order.indexOf(lane) + 1)) {
    for (const turn of book.turns[other] ?? []) {
      if (turn.pair.recipient === recipient || !mayGo(observer, turn, fact.at)) continue
      if (other === lane ? turn.at < own : turn.at <= fact.at) {
        observer.breach(
          'first come',
          fact.at,
          `${recipient} in lane ${lane} (turn ${own - fact.at}) went by ${fact.by} past ${turn.pair.recipient} in lane ${other} (turn ${turn.at - fact.at})`
        )
      }
    }
  }
}

/** Lanes in the order in which a slot of the flow, counted from 1, goes to them. */
function laneOrder (slot: number): number[] {
  if (slot % 10 !== 0) return [1, 2, 3]
  return slot % 20 === 0 ? [3, 2, 1] : [2, 3, 1]
}

/** A turn whose message is over its life is not granted any more. */
function mayGo (observer: Observer, turn: Turn, now: number): boolean {
  return turn.at <= now && (observer.book.head(turn.pair)?.expiresMs ?? 0) > now / 1000
}

/** A first grant comes no earlier than promised, less what those ahead left that went unsent. */
function judgePromise (observer: Observer, message: Followed, fact: Granted): void {
  const { rules, judgement, sender } = observer
  const { admitted } = message
  const pair = observer.book.pair(admitted.recipient)
  if (admitted.scheduledMs !== null && fact.at < admitted.scheduledMs * 1000) { observer.breach('promise', fact.at, `${fact.id} was granted before its schedule`) }
  if (admitted.wait === null || admitted.wait.us < 0 || pair.clearedAt >= admitted.at) return
  const early = admitted.at + admitted.wait.us - fact.at
  judgement.figures.promises++
  if (early <= 0 || ((admitted.wait.waitingFor === 'pause' || admitted.wait.waitingFor === 'sender-stopped') && sender.easedAt >= admitted.at)) return
  const text = `${admitted.recipient} in lane ${admitted.lane} was granted ${early} µs before its promise of ${admitted.wait.us}, bound by ${admitted.wait.waitingFor}`
  if (!message.limitedBySender) {
    if (early > message.leftAhead * rules.pairIntervalMs * 1000) observer.breach('promise', fact.at, text)
    return
  }
  if (message.leftAhead > 0) return
  const isOver = (turn: Turn): boolean => turn.ended === null && (observer.book.head(turn.pair)?.expiresMs ?? Infinity) <= fact.at / 1000
  const unsent = message.ahead.filter(turn => turn.ended === 'unsent' || isOver(turn)).length
  const movedUp = message.ahead.filter(turn => turn.ended === 'moved up' && turn.pair !== pair).length
  if (early > (unsent + movedUp) * sender.flow.interval) observer.breach('promise', fact.at, `${text}; ahead unsent ${unsent}, moved up ${movedUp}`)
  else if (early > unsent * sender.flow.interval) judgement.figures.beatenByShare++
}

/** A drain that looks whenever it is told to grants each turn at the very moment at which it may go. */
function judgeLateness (observer: Observer, message: Followed, fact: Granted): void {
  const { book, sender } = observer
  const turn = book.pair(message.admitted.recipient).turn
  if (turn === null) return
  const possible = Math.max(turn.at, turn.since, sender.openSince(fact.at), sender.roomSince)
  const paused = sender.pauseEnded(fact.at) >= Math.max(turn.at, turn.since)
  const excused = Math.max(possible + (paused ? PAUSE_LOOK_US : 0), sender.fullAtLook + FULL_LOOK_US)
  if (fact.at > excused) observer.breach('late', fact.at, `${turn.pair.recipient} was granted ${fact.at - possible} µs late`)
}

/** After a look that names a later moment, nothing is left that could go now; and the moment named is not too late. */
export function judgeLook (observer: Observer, fact: Extract<Fact, { fact: 'looked' }>): void {
  const { book, sender, blind } = observer
  if (fact.dropped > 0) observer.breach('lost', fact.at, `${fact.dropped} heads were dropped`)
  if (sender.full) sender.fullAtLook = fact.at
  if (blind || sender.closed(fact.at) || sender.full || fact.grants >= fact.want) return
  const turns = book.turns.flatMap(lane => [...lane]).filter(turn => (book.head(turn.pair)?.expiresMs ?? 0) > fact.at / 1000)
  if (turns.length === 0) return
  const first = Math.max(turns.reduce((least, turn) => Math.min(least, turn.at), Infinity), sender.openSince(fact.at))
  const next = fact.nextUs < 0 ? Infinity : fact.nextUs
  if (next > Math.max(first, fact.at)) {
    observer.breach(
      'idle',
      fact.at,
      `the next look is ${next - fact.at} µs away, the next turn ${first - fact.at}, of ${turns
        .map(turn => turn.pair.recipient)
        .slice(0, 3)
        .join(' ')}`
    )
  }
}

/** Could this message have gone at once? */
function isOpen (observer: Observer, recipient: string, lane: number, now: number): boolean {
  const { book, sender } = observer
  const pair = book.pair(recipient)
  if (sender.closed(now) || sender.full || sender.coolUntil > now || sender.flow.earliest() > now) return false
  if (pair.flight !== null || pair.turn !== null || pair.bucket.earliest() > now) return false
  const order = laneOrder(sender.slots + 1)
  return order.slice(0, order.indexOf(lane) + 1).every(other => [...book.turns[other] ?? []].every(turn => turn.at > now))
}

/** Who joins a line had to; and what its promise rests on is noted. */
export function judgeQueued (observer: Observer, message: Followed): void {
  const { book, rules } = observer
  const { admitted } = message
  const { at, recipient, lane } = admitted
  const pair = book.pair(recipient)
  if (book.waiting(pair) >= rules.queueCap) observer.breach('caps', at, `${recipient} has more waiting than ${rules.queueCap}`)
  if (observer.unsettled >= rules.backlogCap) observer.breach('caps', at, `more than ${rules.backlogCap} unsettled`)
  if (admitted.as === 'queued' && admitted.inline && !observer.blind && isOpen(observer, recipient, lane, at)) { observer.breach('gate', at, `${recipient} could have gone at once`) }
  if (admitted.wait === null) return
  const pairWait = pair.bucket.waitBehind(book.waiting(pair, lane), at)
  message.ahead = [...book.turns[lane] ?? []].filter(other => other.at < at + pairWait)
  message.limitedBySender = observer.sender.flow.waitBehind(message.ahead.length, at) > pairWait
  if (!message.limitedBySender) message.ahead = []
}

export function judgeRefusal (observer: Observer, fact: Extract<Fact, { fact: 'refused' }>): void {
  const { book, rules } = observer
  const waiting = book.waiting(book.pair(fact.recipient))
  const right = {
    RECIPIENT_QUEUE_FULL: waiting >= rules.queueCap,
    BACKLOG_FULL: observer.unsettled >= rules.backlogCap,
    // Nobody opts out here.
    RECIPIENT_OPTED_OUT: false,
    WOULD_EXPIRE: fact.waitUs >= fact.lifeMs * 1000,
    LIMITED: observer.blind || !isOpen(observer, fact.recipient, fact.lane, fact.at)
  }
  if (!right[fact.code]) observer.breach('caps', fact.at, `${fact.recipient} was refused for ${fact.code} with ${waiting} waiting`)
}
