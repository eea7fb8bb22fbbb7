import { lanes } from '../message.js'
import { ask, pagesOfSender, type Area, type AreaName, type DoctorDeps, type Repair, type Candidate } from './area.js'

/** Where the names of an area stand: keys of a sender, and the name in a member of them, empty for none. */
interface Source { kind: 'hash' | 'zset', keys: string[], nameIn?: (member: string) => string }

interface NamedEntries {
  area: AreaName
  sources: Source[]
  /** The kinds found at one entry, separated by spaces: one atomic step. */
  check: (deps: DoctorDeps, sender: string, name: string) => Promise<{ kinds: string }>
  repair: (deps: DoctorDeps, sender: string, name: string, kind: string) => Promise<Repair>
}

/** An area whose entries have one name each, by which a script finds all that belongs to it. */
function areaOf ({ area, sources, check, repair }: NamedEntries): Area {
  async function checkAll (deps: DoctorDeps, sender: string, names: string[]): Promise<Candidate[]> {
    const checked = await Promise.all([...new Set(names)].filter(name => name !== '').map(async name => {
      const { kinds } = await ask(deps, async () => await check(deps, sender, name))
      return kinds.split(' ').filter(kind => kind !== '').map((kind): Candidate => ({ area, kind, sender, target: name }))
    }))
    return checked.flat()
  }
  return {
    async * search (deps, sender) {
      for (const { kind, keys, nameIn = (member: string) => member } of sources) {
        for (const key of keys) {
          for await (const page of pagesOfSender(deps, kind, sender, key)) yield await checkAll(deps, sender, page.map(([member]) => nameIn(member)))
        }
      }
    },
    async recheck (deps, sender, candidates) {
      const found = await checkAll(deps, sender, candidates.map(({ target }) => target))
      return candidates.filter(candidate => found.some(({ kind, target }) => kind === candidate.kind && target === candidate.target))
    },
    async repair (deps, { sender, target, kind }) {
      return await ask(deps, async () => await repair(deps, sender, target, kind))
    }
  }
}

/** Queues, ready times, grants and the place in the queue for the daily limit of each recipient. */
export const pairs = areaOf({
  area: 'pairs',
  sources: [
    { kind: 'zset', keys: lanes.map(lane => `ready:${lane}`) },
    { kind: 'zset', keys: lanes.map(lane => `queue:${lane}`), nameIn: member => member.split(':')[0] ?? '' },
    { kind: 'hash', keys: ['grants'] },
    { kind: 'zset', keys: ['daily-queue'] },
    // Those that wait for the daily limit.
    { kind: 'zset', keys: ['suspended'], nameIn: member => /^\+([^:]+)/.exec(member)?.[1] ?? '' }
  ],
  check: async ({ run }, sender, recipient) => await run('check-pairs', { sender }, { recipient }),
  repair: async ({ run }, sender, recipient, kind) => await run('repair-pair', { sender }, { recipient, kind })
})

/** What templates, campaigns and rates of templates and categories wait for. */
export const holds = areaOf({
  area: 'holds',
  sources: [
    { kind: 'hash', keys: ['templates'] },
    { kind: 'zset', keys: ['campaign-starts'], nameIn: member => member.startsWith('%') ? member : `#${member}` },
    { kind: 'zset', keys: ['suspended'], nameIn: member => /^[#%][^:]+/.exec(member)?.[0] ?? '' }
  ],
  check: async ({ run }, sender, group) => await run('check-holds', { sender }, { group }),
  repair: async ({ run }, sender, group, kind) => await run('repair-hold', { sender }, { group, kind })
})

/** Callbacks and parked statuses, and when they are due. */
export const bodies = areaOf({
  area: 'bodies',
  sources: [
    { kind: 'hash', keys: ['callbacks', 'parked-bodies'] },
    { kind: 'zset', keys: ['callbacks-due', 'callbacks-retries', 'callbacks-since', 'parked'] }
  ],
  check: async ({ run }, sender, name) => await run('check-bodies', { sender }, { name }),
  repair: async ({ run }, sender, name, kind) => await run('repair-body', { sender }, { name, kind })
})
