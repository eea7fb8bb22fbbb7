/** How long a holder is remembered after recovery first checked it. A call that Redis still runs late has run by then. */
const LOST_FOR_MS = 120_000
const MAX_LOST = 5000

/** Holders whose reply was lost: no caller will start their sends, and recovery gives their grants back. */
export interface LostHolders {
  add: (sender: string, holder: string) => void
  /** By sender. */
  list: () => Map<string, string[]>
  /** Recovery has asked Redis for the grants of these holders, and has given back what it found. */
  markChecked: (holders: readonly string[]) => void
}

/**
 * A holder expires 2 min after recovery first checked it, not after the lost reply: no other node knows that its sends never started, however long
 * an outage takes.
 */
export function createLostHolders ({ forMs = LOST_FOR_MS, most = MAX_LOST } = {}): LostHolders {
  const lost = new Map<string, { sender: string, checkedAt: number | null }>()
  return {
    add (sender, holder) {
      lost.set(holder, { sender, checkedAt: null })
      // While Redis hangs every call is lost. Above the limit the oldest grants are left to the end of their lease.
      for (const oldest of lost.keys()) {
        if (lost.size <= most) break
        lost.delete(oldest)
      }
    },
    list () {
      const bySender = new Map<string, string[]>()
      for (const [holder, { sender, checkedAt }] of lost) {
        if (checkedAt !== null && performance.now() - checkedAt > forMs) {
          lost.delete(holder)
          continue
        }
        const holders = bySender.get(sender)
        if (holders === undefined) bySender.set(sender, [holder])
        else holders.push(holder)
      }
      return bySender
    },
    markChecked (holders) {
      for (const holder of holders) {
        const entry = lost.get(holder)
        if (entry !== undefined) entry.checkedAt ??= performance.now()
      }
    }
  }
}
