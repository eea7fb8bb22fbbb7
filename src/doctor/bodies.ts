import type { Area, DoctorDeps, Suspect } from './area.js'
import { ask, pagesOfSender } from './pages.js'

const HASHES = ['callbacks', 'parked-bodies']
const ZSETS = ['callbacks-due', 'callbacks-retries', 'callbacks-since', 'parked']

async function checkBodies (deps: DoctorDeps, sender: string, names: string[]): Promise<Suspect[]> {
  const checked = await Promise.all(names.map(async name => {
    const { faults } = await ask(deps, async () => await deps.run('check-bodies', { sender }, { name }))
    return faults.split(' ').filter(fault => fault !== '').map((fault): Suspect => ({ area: 'bodies', fault, sender, target: name }))
  }))
  return checked.flat()
}

/** Callbacks and parked statuses, and when they are due. */
export const bodies: Area = {
  async * search (deps, sender) {
    for (const name of HASHES) {
      for await (const page of pagesOfSender(deps, 'hash', sender, name)) yield await checkBodies(deps, sender, page.map(([one]) => one))
    }
    for (const name of ZSETS) {
      for await (const page of pagesOfSender(deps, 'zset', sender, name)) yield await checkBodies(deps, sender, page.map(([one]) => one))
    }
  },
  async again (deps, sender, suspects) {
    const found = await checkBodies(deps, sender, suspects.map(({ target }) => target))
    return suspects.filter(one => found.some(({ fault, target }) => fault === one.fault && target === one.target))
  },
  async repair (deps, { sender, target: name, fault }) {
    return await ask(deps, async () => await deps.run('repair-body', { sender }, { name, fault }))
  }
}
