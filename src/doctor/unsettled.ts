import { senderKey } from '../redis/keys.js'
import type { Area, Candidate, DoctorDeps } from './area.js'
import { ask, pagesOfSender } from './area.js'

/** Places of an entry, by lua/include/counts.lua: accepted, sent, failed, cancelled, expired. */
const PLACES = [3, 4, 7, 8, 9]

/** `entry`: what it counts; empty for none. `stored`: messages that have not ended. */
interface Wrong extends Candidate { entry: string, stored: number }

/** How many messages have not ended, by an entry of `campaigns`. */
function unsettledOf (entry: string): number {
  const words = entry.split(' ')
  const [accepted = 0, ...ended] = PLACES.map(place => Number(words[place]))
  return ended.reduce((left, count) => left - count, accepted)
}

/** Under which names a message is counted: the end of its header, by lua/include/record.lua. */
function namesOf (record: string): string[] {
  const [, campaign, caller] = /^[^\n]* @[^#~ \n]*(?:#([^~ \n]+))?(?:~([^ \n]+))?(?:\n|$)/.exec(record) ?? []
  return [...(campaign === undefined ? [] : [campaign]), ...(caller === undefined ? [] : [`~${caller}`])]
}

/** Each message that ends or is accepted changes its entry. So the page by page count of an entry that stays the same is exact. */
async function checkUnsettled (deps: DoctorDeps, sender: string): Promise<Wrong[]> {
  const read = async (): Promise<Record<string, string>> =>
    await ask(deps, async () => await deps.redis.hgetall(senderKey(deps.prefix, sender, 'campaigns')))
  const before = await read()
  // A page may have a message that another one had.
  const stored = new Map<string, Set<string>>(Object.keys(before).map(name => [name, new Set()]))
  for await (const page of pagesOfSender(deps, 'hash', sender, 'backlog')) {
    for (const [id, record] of page) for (const name of namesOf(record)) stored.set(name, (stored.get(name) ?? new Set()).add(id))
  }
  const after = await read()
  return [...stored].flatMap(([name, { size }]): Wrong[] => {
    const entry = after[name] ?? ''
    const counted = entry === '' ? 0 : unsettledOf(entry)
    if (entry !== (before[name] ?? '') || counted === size) return []
    const detail = `counts ${counted} messages that have not ended, ${size} are stored`
    return [{ area: 'unsettled', kind: 'wrong-count', sender, target: name, detail, entry, stored: size }]
  })
}

/** How many messages campaigns and callers count as not ended. */
export const unsettled: Area = {
  async * search (deps, sender) { yield await checkUnsettled(deps, sender) },
  async recheck (deps, sender, candidates) {
    const found = await checkUnsettled(deps, sender)
    return found.filter(({ target }) => candidates.some(candidate => candidate.target === target))
  },
  // Repairs of messages change entries, so it counts again.
  async repair (deps, { sender, target }) {
    const found = (await checkUnsettled(deps, sender)).find(candidate => candidate.target === target)
    if (found === undefined) return { status: 'gone' }
    const { entry, stored } = found
    return await ask(deps, async () => await deps.run('repair-count', { sender }, { name: target, entry, unsettled: stored }))
  }
}
