import { lanes } from '../message.js'
import { digestOf } from '../redis/keys.js'
import type { Area, DoctorDeps, Repair, Candidate } from './area.js'
import { ask, pagesOfSender } from './area.js'

interface Entry { id: string, lane?: number, member?: string }

const HASHES = ['backlog', 'failure-records']
const ZSETS = ['unknown', 'failures', 'retries', 'expiry', 'inflight', 'resolved', 'failed', 'unconfirmed', 'unacknowledged']

/** In place of the lane of an entry of `suspended`, as in lua/include/diagnose_message.lua. */
const SUSPENDED = lanes.length + 1

/** What is written into the history of a message that had no place. */
const HISTORY = JSON.stringify({ outcome: 'unknown', note: 'sluice doctor: the message was in no queue, so it may have been in flight' })

/** Candidates among messages, by check-messages.lua: each is checked in one atomic step. */
export async function checkMessages (deps: DoctorDeps, sender: string, entries: Entry[]): Promise<Candidate[]> {
  const checked = await Promise.all(entries.map(async ({ id, lane, member }) => {
    const scope = { sender, digest: digestOf(id) }
    const args = { rememberMs: deps.rememberMs, id, lane: lane ?? '', member: member ?? '' }
    const { kinds } = await ask(deps, async () => await deps.run('check-messages', scope, args))
    return kinds.split(' ').filter(kind => kind !== '').map((kind): Candidate => ({
      area: 'messages', kind, sender, target: id, ...(lane === undefined || member === undefined ? {} : { lane, member })
    }))
  }))
  return checked.flat()
}

export const messages: Area = {
  async * search (deps, sender) {
    for (const name of HASHES) {
      for await (const page of pagesOfSender(deps, 'hash', sender, name)) yield await checkMessages(deps, sender, page.map(([id]) => ({ id })))
    }
    for (const name of ZSETS) {
      for await (const page of pagesOfSender(deps, 'zset', sender, name)) yield await checkMessages(deps, sender, page.map(([id]) => ({ id })))
    }
    for await (const page of pagesOfSender(deps, 'zset', sender, 'scheduled')) {
      yield await checkMessages(deps, sender, page.map(([member]) => ({ id: member.slice(member.indexOf(':') + 1), lane: 0, member })))
    }
    for await (const page of pagesOfSender(deps, 'zset', sender, 'suspended')) {
      yield await checkMessages(deps, sender, page.map(([member]) => ({ id: member.split(':').slice(2).join(':'), lane: SUSPENDED, member })))
    }
    for (const [i, lane] of lanes.entries()) {
      for await (const page of pagesOfSender(deps, 'zset', sender, `queue:${lane}`)) {
        const entries = page.map(([member]) => ({ id: member.split(':').slice(2).join(':'), lane: i + 1, member }))
        yield await checkMessages(deps, sender, entries)
      }
    }
    for await (const page of pagesOfSender(deps, 'hash', sender, 'grants')) {
      yield await checkMessages(deps, sender, page.map(([, grant]) => ({ id: grant.split(' ')[0] ?? '' })))
    }
  },
  async recheck (deps, sender, candidates) {
    const entries = candidates.map(({ target, lane, member }) => ({
      id: target, ...(lane === undefined || member === undefined ? {} : { lane, member })
    }))
    const found = await checkMessages(deps, sender, entries)
    return candidates.filter(candidate =>
      found.some(({ kind, target, member }) => kind === candidate.kind && target === candidate.target && member === candidate.member))
  },
  async repair (deps, { sender, target: id, lane, member, kind }): Promise<Repair> {
    const args = { id, lane: lane ?? '', member: member ?? '', kind, rememberMs: deps.rememberMs, history: HISTORY }
    return await ask(deps, async () => await deps.run('repair-message', { sender, digest: digestOf(id) }, args))
  }
}
