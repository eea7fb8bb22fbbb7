import { applyWakeHint } from './drain.js'
import type { Fact } from './history.js'
import type { Observer } from './observer.js'
import type { World } from './world.js'

/** Moves a message, whatever it does at the moment: to another lane, time or end of its life, or to several of them. */
export async function move (world: World, id: string): Promise<void> {
  const { random, scenario } = world
  const nowMs = Math.floor(world.now / 1000)
  const lane = scenario.lanes && random.chance(0.6) ? random.int(1, 3) : null
  const scheduledMs = random.chance(0.4) ? random.pick([0, nowMs + random.logInt(1, 60_000), Math.ceil(nowMs / 60_000) * 60_000]) : null
  const expiresMs = random.chance(0.2) ? nowMs + random.logInt(100, 600_000) : null
  const { status, ...reply } = await world.run('move', { sender: world.sender, digest: world.posts.get(id)?.digest ?? '' }, {
    id, lane: lane ?? '', scheduledFor: scheduledMs ?? '', expiresAt: expiresMs ?? '', history: '{"movedBy":"tester"}'
  })
  world.record({ fact: 'moved', at: world.now, id, status, lane, scheduledMs, expiresMs })
  if ('wakeHint' in reply) applyWakeHint(world, reply.wakeHint)
}

/**
 * A waiting message takes the place in its new lane that its number gives it. With another time it leaves its queue, keeps what is left of its life,
 * and joins when it is due. Who waits behind it may go earlier than promised.
 */
export function judgeMove (observer: Observer, fact: Extract<Fact, { fact: 'moved' }>): void {
  const { book, shares } = observer
  const message = observer.messages.get(fact.id)
  if (message === undefined) return observer.breach('lost', fact.at, `${fact.id} was never admitted`)
  const { place, admitted } = message
  const nowMs = Math.floor(fact.at / 1000)
  const before = place === 'scheduled' ? admitted.scheduledMs : null
  const wanted = fact.scheduledMs === null ? before : Math.max(fact.scheduledMs, nowMs)
  const after = place === 'queued' && wanted === nowMs ? null : wanted
  const expiresMs = fact.expiresMs ?? message.expiresMs + (after ?? nowMs) - (before ?? nowMs)
  const lane = fact.lane ?? admitted.lane
  const expected = place === 'flight' || place === 'unknown'
    ? 'busy'
    : place === 'sent' || place === 'failed' || place === 'closed'
      ? 'gone'
      : fact.scheduledMs !== null && message.attempts > 0
        ? 'retrying'
        : expiresMs <= Math.max(after ?? nowMs, nowMs)
          ? 'expires'
          : lane === admitted.lane && before === after && expiresMs === message.expiresMs ? 'unchanged' : 'moved'
  if (fact.status !== expected) observer.breach('moves', fact.at, `a move of ${fact.id} got ${fact.status} and not ${expected} from ${place}`)
  if (fact.status !== 'moved') return
  observer.judgement.figures.moved++
  message.expiresMs = expiresMs
  message.hasMoved = true
  const leaves = place === 'queued' && (lane !== admitted.lane || after !== null)
  if (leaves) {
    shares.leave(admitted.share)
    book.leave(message, fact.at)
    for (const other of book.pair(admitted.recipient).queues.flat()) {
      if (other.admitted.lane >= admitted.lane && other.admittedAtFact > message.queuedSinceFact) other.leftAhead++
    }
  }
  // What was promised at its admission is over.
  message.admitted = { ...admitted, lane, scheduledMs: after, wait: null }
  if (after === null) {
    if (leaves) book.join(message, fact.at)
    return
  }
  message.place = 'scheduled'
  observer.scheduled.add(message)
  if (after <= nowMs) for (let time = 0; time < 10; time++) observer.joinDue(fact.at)
}
