import { inParallel } from '../parallel.js'
import { every } from './every.js'
import type { RecoveryDeps } from './recover.js'
import { recoverSender } from './recover.js'

const TICK_MS = 500
const AT_ONCE = 25

/**
 * Every node, whatever its role, looks for the grants of its own calls whose reply was lost and gives them back: nobody else
 * knows that they were never started, and their leases would run out as unknown outcomes.
 */
export function startGiveBack (deps: RecoveryDeps): { stop: () => Promise<void> } {
  return every(TICK_MS, deps.events, 'giving back', async () => {
    await inParallel([...deps.store.lostHolders()], AT_ONCE, async ([sender, holders]) => await recoverSender(deps, sender, holders, false))
  })
}
