import { inParallel } from '../parallel.js'
import { createChecks } from './checks.js'
import { every } from './every.js'
import type { SenderRecoveryDeps } from './recover.js'
import { recoverSender } from './recover.js'

const INTERVAL_MS = 500
const CONCURRENCY = 25

/**
 * Gives back the grants of this node's own calls whose reply was lost. Every node does so, whatever its role: no other node knows that these
 * sends never started, and their leases would expire as unknown outcomes.
 */
export function startGiveBack (deps: SenderRecoveryDeps): { stop: () => Promise<void> } {
  const checks = createChecks(deps.events)
  return every(INTERVAL_MS, deps.events, 'giving back grants', async () => {
    const lost = [...deps.store.lost.list()].filter(([sender]) => !checks.isPostponed(sender))
    await inParallel(lost, CONCURRENCY, async ([sender, holders]) => await checks.run(sender, async () => {
      const nextMs = await recoverSender(deps, sender, holders, false)
      deps.store.lost.looked(holders)
      return nextMs
    }))
  })
}
