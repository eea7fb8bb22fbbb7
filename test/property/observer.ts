import type { Admitted, Fact, History, Rules } from './history.js'
import { followed, QueueBook, type Followed } from './queue-book.js'
import { judgeMove } from './moves.js'
import { judgeGrant, judgeClaim, judgeQueued, judgeRefusal } from './promises.js'
import { SenderBook } from './sender-book.js'
import { Shares, Sharing } from './shares.js'
import { Seconds, Starts } from './starts.js'
import type { Judgement, Kind } from './judgement.js'
import { emptyFigures } from './judgement.js'

/**
 * Judges a round by what callers, provider and operators saw. Keeps its own books from the definitions of queue, ready time and
 * bucket; shares nothing with the scripts nor with what drives them.
 */
export function judge (history: History): Judgement {
  const observer = new Observer(history)
  for (const fact of history.facts) observer.see(fact)
  return observer.judgement
}

export class Observer {
  readonly rules: Rules
  readonly punctual: boolean
  readonly judgement: Judgement = { figures: emptyFigures(), breaches: new Map() }
  readonly book: QueueBook
  readonly sender: SenderBook
  readonly shares: Shares
  readonly messages = new Map<string, Followed>()
  unsettled = 0
  readonly #sharing = new Sharing(this.judgement.figures, (at, text) => this.breach('end of shares', at, text))
  /** Redis lost the buckets of the pairs: promises that rest on them cannot be judged any more. */
  blind = false
  /** When an operator last eased a rule. */
  rulesEasedAt = 0
  readonly #starts: Starts
  readonly #seconds: Seconds
  readonly scheduled = new Set<Followed>()
  /** By recipient and lane: the number of the youngest that started a first attempt. */
  readonly #youngest = new Map<string, number>()

  constructor ({ rules, callers, punctual }: History) {
    this.shares = new Shares(callers)
    this.rules = { ...rules }
    this.punctual = punctual
    this.book = new QueueBook(this.rules)
    this.sender = new SenderBook(this.rules)
    this.#starts = new Starts(rules)
    this.#seconds = new Seconds(rules.perSecond)
  }

  breach (kind: Kind, at: number, text: string): void {
    const texts = this.judgement.breaches.get(kind) ?? []
    this.judgement.breaches.set(kind, texts)
    texts.push(`${(at / 1e6).toFixed(6).slice(-13)} ${text}`)
  }

  see (fact: Fact): void {
    const { figures } = this.judgement
    this.book.facts++
    // Every call of admit lets due messages join first, at most ten times as many as a claim.
    if (fact.fact === 'admitted' || fact.fact === 'refused' || fact.fact === 'repeated') {
      for (let time = 0; time < 10; time++) this.joinDue(fact.at)
    }
    switch (fact.fact) {
      case 'admitted':
        return this.#admitted(fact)
      case 'refused':
        return judgeRefusal(this, fact)
      case 'repeated':
        return fact.status === fact.expected ? undefined : this.breach('key', fact.at, `a repeat got ${fact.status} and not ${fact.expected}`)
      case 'claim':
        return this.joinDue(fact.at)
      case 'claimed':
        return judgeClaim(this, fact)
      case 'granted':
        return this.#granted(fact)
      case 'started':
        return this.#started(fact)
      case 'settled':
        return this.#settled(fact)
      case 'alarm':
        return this.breach('alarm', fact.at, `the spacing check reports ${fact.gapUs} µs and not ${fact.leastUs}`)
      case 'settled again':
        return fact.status === 'stale' ? undefined : this.breach('attempts', fact.at, `a second settlement got ${fact.status}`)
      case 'decided':
        return this.#decided(fact)
      case 'retried':
        return this.#retried(fact)
      case 'closed':
        return this.#closed(fact)
      case 'spared':
        return this.#spared(fact)
      case 'moved': return judgeMove(this, fact)
      case 'cleared':
        this.#starts.exempt(fact.recipient)
        return this.book.clear(this.book.pair(fact.recipient), fact.at)
      case 'rules': return this.#changed(fact)
      case 'ceiling': return this.sender.bound(fact.perSecond)
      case 'shares': return this.#sharing.change(fact)
      case 'pruned':
        this.#sharing.prune(fact.at)
        return this.book.pairs.forEach(pair => pair.bucket.prune(fact.at))
      case 'paused': return this.sender.pause(fact.at, fact.until)
      case 'resumed': return this.sender.resume(fact.at)
      case 'restarted':
        this.blind ||= fact.emptied
        this.sender.coolUntil = Math.max(this.sender.coolUntil, fact.at + this.rules.pairBurst * this.rules.pairIntervalMs * 1000 + 1_000_000)
        return
      case 'lost':
        figures[fact.what === 'reply' ? 'lostReplies' : 'expiredLeases']++
        return
      case 'over': return this.#over(fact)
      default: return fact satisfies never
    }
  }

  #admitted (fact: Admitted): void {
    this.judgement.figures.admitted++
    const message = followed(fact, this.book.facts)
    if (this.messages.has(fact.id)) this.breach('key', fact.at, 'one id for two messages')
    this.messages.set(fact.id, message)
    if (fact.as !== 'granted') judgeQueued(this, message)
    this.#count(message, 1, fact.at)
    message.join = this.book.number()
    if (fact.as === 'scheduled') {
      this.scheduled.add(message)
      return
    }
    if (fact.as === 'queued') this.book.join(message, fact.at)
  }

  /** A claim lets due scheduled messages join their queues, at most 100: the earliest first, those of one moment in the order of acceptance. */
  joinDue (at: number): void {
    const moment = ({ admitted }: Followed): number => admitted.scheduledMs ?? 0
    const due = [...this.scheduled].filter(message => moment(message) <= at / 1000)
    due.sort((a, b) => moment(a) - moment(b) || a.join - b.join)
    for (const message of due.slice(0, 100)) {
      this.scheduled.delete(message)
      message.join = this.book.number()
      this.book.join(message, at)
    }
  }

  #granted (fact: Extract<Fact, { fact: 'granted' }>): void {
    const message = this.#known(fact)
    if (message === undefined) return
    if (fact.attempt !== message.attempts + 1) this.breach('attempts', fact.at, `attempt ${fact.attempt} after ${message.attempts} decisions`)
    judgeGrant(this, message, fact)
    const early = this.sender.rate.earliest() - fact.at
    if (early > 0 && !this.blind) this.breach('rate', fact.at, `${fact.id} was granted ${early} µs before the sender rate allows it`)
    this.sender.slots++
    this.sender.inFlight++
    this.sender.rate.send(fact.at)
    this.book.grant(message, fact.at)
    message.place = 'flight'
    message.granted = true
    message.ahead = []
    if (this.#seconds.see(fact.at)) this.breach('rate', fact.at, `more than ${this.rules.perSecond} grants in a second`)
    if (this.sender.inFlight > this.sender.places) this.breach('in flight', fact.at, `${this.sender.inFlight} in flight`)
  }

  #started (fact: Extract<Fact, { fact: 'started' }>): void {
    const message = this.#known(fact)
    if (message === undefined) return
    const { recipient, lane } = message.admitted
    this.judgement.figures.sends++
    if (message.attempts > 0) this.judgement.figures.retries++
    const early = this.#starts.see(recipient, fact.at)
    if (early > 0) this.breach('spacing', fact.at, `${recipient} ${early} µs too early`)
    if (this.book.pair(recipient).flight?.message !== message) this.breach('two in flight', fact.at, `${recipient} started without its grant`)
    if (message.attempts > 0) return
    const youngest = this.#youngest.get(`${recipient} ${lane}`) ?? 0
    const isLate = youngest > message.join && message.hasMoved !== true
    if (isLate) this.breach('order', fact.at, `${recipient} number ${message.join} started after ${youngest}`)
    this.#youngest.set(`${recipient} ${lane}`, Math.max(youngest, message.join))
  }

  #changed ({ at, rules }: Extract<Fact, { fact: 'rules' }>): void {
    this.shares.reset()
    const { pairIntervalMs, pairBurst, perSecond } = this.rules
    if (rules.pairIntervalMs < pairIntervalMs || rules.pairBurst > pairBurst || rules.perSecond > perSecond) this.rulesEasedAt = at
    Object.assign(this.rules, rules)
    this.book.change(at)
    this.sender.change(at)
    this.#starts.change(rules, at)
    this.#seconds.change(rules.perSecond, at)
  }

  #settled (fact: Extract<Fact, { fact: 'settled' }>): void {
    const message = this.#known(fact)
    if (message === undefined) return
    const { figures } = this.judgement
    const pair = this.book.pair(message.admitted.recipient)
    if (message.place !== 'flight' || pair.flight?.message !== message) {
      return this.breach('lost', fact.at, `${fact.id} settled as ${fact.decision} from ${message.place}`)
    }
    // Both say by when it had started: the time from the request for the grant, which came before the grant, and the settlement.
    if (fact.startedUs !== null) pair.bucket.startedAt(Math.min(pair.flight.grantedAt + fact.startedUs, fact.at))
    if (fact.bucket === 'pair') pair.bucket.coolDown(fact.at + fact.coolMs * 1000)
    if (fact.decision === 'sent') this.sender.accepted(fact.at, pair.flight.grantedAt)
    if (fact.bucket === 'throughput') {
      this.sender.limited(fact.at, pair.flight.grantedAt, fact.coolMs * 1000)
      if (this.sender.isReduced) figures.reduced++
    }
    if (fact.bucket === 'sender-rate') this.sender.coolDown(fact.at + fact.coolMs * 1000)
    const isProbe = this.sender.down && this.sender.since(pair.flight.grantedAt)
    const isFailedProbe = (fact.bucket === 'sender' && this.sender.stopped) || (fact.bucket === 'outage' && isProbe)
    if (fact.bucket === 'outage' && this.sender.down && fact.decision !== 'wait' && fact.decision !== 'unknown') {
      this.breach('attempts', fact.at, `${fact.id} settled as ${fact.decision} while WhatsApp was down`)
    }
    if (fact.circuit === 'opened') this.judgement.figures.opened++
    this.sender.ended(fact.at, pair.flight.grantedAt, fact.circuit, fact.decision === 'sent')
    if (fact.bucket === 'sender') this.sender.stop(fact.at, fact.at + fact.coolMs * 1000, pair.flight.grantedAt)
    else if (fact.decision === 'sent') this.sender.sent(fact.at, pair.flight.grantedAt)
    if (fact.decision !== 'wait') message.attempts++
    this.sender.land(fact.at)
    this.book.land(pair, fact.decision === 'wait', isFailedProbe, fact.at)
    if (fact.decision !== 'wait') this.#moveTo(message, fact.decision, fact.at)
  }

  #decided (fact: Extract<Fact, { fact: 'decided' }>): void {
    const message = this.#known(fact)
    if (message === undefined) return
    if (message.place !== 'unknown') this.breach('lost', fact.at, `${fact.id} decided from ${message.place}`)
    this.#moveTo(message, fact.decision, fact.at)
  }

  #moveTo (message: Followed, decision: string, at: number): void {
    if (decision === 'sent' || decision === 'failed') this.#count(message, -1, at)
    message.place = decision === 'retry' ? 'failures' : decision === 'sent' ? 'sent' : decision === 'failed' ? 'failed' : 'unknown'
  }

  #retried (fact: Extract<Fact, { fact: 'retried' }>): void {
    const message = this.#known(fact)
    if (message === undefined) return
    if (message.place === 'failed') {
      this.#count(message, 1, fact.at)
      message.expiresMs = fact.expiresMs
    } else if (message.place !== 'failures') {
      this.breach('lost', fact.at, `${fact.id} retried from ${message.place}`)
    }
    if (fact.queued) this.book.join(message, fact.at)
  }

  #closed (fact: Extract<Fact, { fact: 'closed' }>): void {
    const message = this.#known(fact)
    if (message === undefined) return
    const { place, admitted: { recipient, lane } } = message
    this.judgement.figures[fact.reason]++
    this.shares.leave(message.admitted.share)
    if (place === 'queued') {
      this.book.leave(message, fact.at)
      for (const other of this.book.pair(recipient).queues.flat()) {
        if (other.admitted.lane >= lane && other.admittedAtFact > message.queuedSinceFact) other.leftAhead++
      }
    } else if (place !== 'scheduled' && place !== 'failures') {
      this.breach('lost', fact.at, `${fact.id} closed from ${place}`)
    }
    if (fact.reason === 'expired' && message.expiresMs > fact.at / 1000) this.breach('lost', fact.at, `${fact.id} expired before its time`)
    this.scheduled.delete(message)
    // A message that failed before its lifetime ended counts as failed, and may be retried as such.
    message.place = fact.reason === 'expired' && message.attempts > 0 ? 'failed' : 'closed'
    this.#count(message, -1, fact.at)
  }

  /** A message is unsettled from now on, or no longer. */
  #count ({ admitted: { share } }: Followed, by: 1 | -1, at: number): void {
    this.unsettled += by
    this.#sharing.count(share, by, at)
  }

  #spared (fact: Extract<Fact, { fact: 'spared' }>): void {
    const place = this.#known(fact)?.place
    const right =
      fact.status === 'busy'
        ? place === 'flight' || place === 'unknown'
        : fact.status === 'gone' && (place === 'sent' || place === 'failed' || place === 'closed')
    if (!right) this.breach('lost', fact.at, `${fact.id}: cancel got ${fact.status} from ${place}`)
  }

  #over (fact: Extract<Fact, { fact: 'over' }>): void {
    for (const [id, { place }] of this.messages) {
      if (place !== 'sent' && place !== 'failed' && place !== 'closed') this.breach('lost', fact.at, `${id} ended as ${place}`)
    }
    if (fact.unsettled > 0 || this.unsettled > 0) this.breach('lost', fact.at, `${fact.unsettled} unsettled, by the facts ${this.unsettled}`)
    if (fact.keys.length > 0) this.breach('left over', fact.at, fact.keys.join(' '))
  }

  #known (fact: { id: string, at: number }): Followed | undefined {
    const message = this.messages.get(fact.id)
    if (message === undefined) this.breach('lost', fact.at, `${fact.id} was never admitted`)
    return message
  }
}
