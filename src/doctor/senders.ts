import { globalKey, senderKey } from '../redis/keys.js'
import type { Area, DoctorDeps, Candidate } from './area.js'
import { ask, pagesOf } from './area.js'

const candidate = (kind: string, name: string): Candidate => ({ area: 'senders', kind, sender: '', target: name })

/** A sender that recovery, callbacks and statistics have to know. */
async function checkSender (deps: DoctorDeps, name: string): Promise<Candidate[]> {
  const { redis, prefix } = deps
  const [isListed, scheduledAt, hasMessages, hasRules] = await ask(deps, async () => await Promise.all([
    redis.hexists(globalKey(prefix, 'senders'), name),
    redis.zscore(globalKey(prefix, 'recovery-schedule'), name),
    redis.exists(senderKey(prefix, name, 'backlog')),
    redis.hexists(senderKey(prefix, name, 'sender'), 'pairIntervalUs')
  ]))
  const found: Candidate[] = []
  if (isListed === 0 && hasMessages === 1) found.push(candidate('sender-not-listed', name))
  if (isListed === 1 && scheduledAt === null) found.push(candidate('sender-without-schedule', name))
  if (isListed === 0 && scheduledAt !== null) found.push(candidate('schedule-without-sender', name))
  if (hasRules === 0 && hasMessages === 1) found.push(candidate('sender-without-rules', name))
  return found
}

/** List of senders, recovery schedule and rules. */
export const senders: Area = {
  async * search (deps, sender) {
    if (sender !== '') {
      yield await checkSender(deps, sender)
      return
    }
    for (const [kind, name] of [['hash', 'senders'], ['zset', 'recovery-schedule']] as const) {
      for await (const page of pagesOf(deps, kind, globalKey(deps.prefix, name))) {
        for (const [one] of page) yield await checkSender(deps, one)
      }
    }
  },
  async recheck (deps, _, candidates) {
    const checked = await Promise.all(candidates.map(async one =>
      (await checkSender(deps, one.target)).some(({ kind }) => kind === one.kind) ? [one] : []))
    return checked.flat()
  },
  async repair (deps, { kind, target }) {
    if (kind === 'sender-not-listed') return { status: 'left', why: 'only a node that serves the sender registers it' }
    if (kind === 'sender-without-rules') return { status: 'left', why: 'a node writes the rules at its start' }
    return await ask(deps, async () => await deps.run('repair-schedule', { sender: '' }, { name: target }))
  }
}
