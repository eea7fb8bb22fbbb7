import type { Area, DoctorDeps, Suspect } from './area.js'
import { ask, pagesOfSender } from './pages.js'

const LANES = ['urgent', 'normal', 'bulk']

async function checkPairs (deps: DoctorDeps, sender: string, recipients: string[]): Promise<Suspect[]> {
  const checked = await Promise.all([...new Set(recipients)].map(async recipient => {
    const { faults } = await ask(deps, async () => await deps.run('check-pairs', { sender }, { recipient }))
    return faults.split(' ').filter(fault => fault !== '').map((fault): Suspect => ({ area: 'pairs', fault, sender, target: recipient }))
  }))
  return checked.flat()
}

/** Queues, ready times and grants of each recipient. */
export const pairs: Area = {
  async * search (deps, sender) {
    for (const lane of LANES) {
      for await (const page of pagesOfSender(deps, 'zset', sender, `ready:${lane}`)) yield await checkPairs(deps, sender, page.map(([name]) => name))
      for await (const page of pagesOfSender(deps, 'zset', sender, `queue:${lane}`)) {
        yield await checkPairs(deps, sender, page.map(([member]) => member.split(':')[0] ?? ''))
      }
    }
    for await (const page of pagesOfSender(deps, 'hash', sender, 'grants')) yield await checkPairs(deps, sender, page.map(([name]) => name))
  },
  async again (deps, sender, suspects) {
    const found = await checkPairs(deps, sender, suspects.map(({ target }) => target))
    return suspects.filter(one => found.some(({ fault, target }) => fault === one.fault && target === one.target))
  },
  async repair (deps, { sender, target: recipient, fault }) {
    return await ask(deps, async () => await deps.run('repair-pair', { sender }, { recipient, fault }))
  }
}
