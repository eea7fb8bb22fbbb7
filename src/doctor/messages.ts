import { digestOf } from '../redis/keys.js'
import type { Area, DoctorDeps, Repair, Suspect } from './area.js'
import { ask, pagesOfSender } from './pages.js'

interface Entry { id: string, lane?: number, member?: string }

const HASHES = ['backlog', 'failure-records']
const ZSETS = ['unknown', 'failures', 'retries', 'expiry', 'inflight', 'resolved', 'failed', 'unconfirmed', 'unacknowledged']
const LANES = ['urgent', 'normal', 'bulk']

/** What is written into the history of a message that had no place. */
const HISTORY = JSON.stringify({ outcome: 'unknown', note: 'sluice doctor: the message was in no queue, so it may have been in flight' })

/** Suspects among messages, by check-messages.lua: each is checked in one atomic step. */
export async function checkMessages (deps: DoctorDeps, sender: string, entries: Entry[]): Promise<Suspect[]> {
  const checked = await Promise.all(entries.map(async ({ id, lane, member }) => {
    const at = { sender, digest: digestOf(id) }
    const args = { rememberMs: deps.rememberMs, id, lane: lane ?? '', member: member ?? '' }
    const { faults } = await ask(deps, async () => await deps.run('check-messages', at, args))
    return faults.split(' ').filter(fault => fault !== '').map((fault): Suspect => ({
      area: 'messages', fault, sender, target: id, ...(lane === undefined || member === undefined ? {} : { lane, member })
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
    for (const [at, lane] of LANES.entries()) {
      for await (const page of pagesOfSender(deps, 'zset', sender, `queue:${lane}`)) {
        const entries = page.map(([member]) => ({ id: member.split(':').slice(2).join(':'), lane: at + 1, member }))
        yield await checkMessages(deps, sender, entries)
      }
    }
    for await (const page of pagesOfSender(deps, 'hash', sender, 'grants')) {
      yield await checkMessages(deps, sender, page.map(([, grant]) => ({ id: grant.split(' ')[0] ?? '' })))
    }
  },
  async again (deps, sender, suspects) {
    const entries = suspects.map(({ target, lane, member }) => ({
      id: target, ...(lane === undefined || member === undefined ? {} : { lane, member })
    }))
    const found = await checkMessages(deps, sender, entries)
    return suspects.filter(one => found.some(({ fault, target, member }) => fault === one.fault && target === one.target && member === one.member))
  },
  async repair (deps, { sender, target: id, lane, member, fault }): Promise<Repair> {
    const args = { id, lane: lane ?? '', member: member ?? '', fault, rememberMs: deps.rememberMs, history: HISTORY }
    return await ask(deps, async () => await deps.run('repair-message', { sender, digest: digestOf(id) }, args))
  }
}
