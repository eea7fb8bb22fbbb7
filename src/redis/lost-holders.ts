/** How long a holder is remembered once Redis has been asked for its grants; what a call still does late, it has done by then. */
const LOST_FOR_MS = 120_000
const MAX_LOST = 5000

/** Holders whose reply was lost: no caller will start their sends, and recovery gives their grants back. */
export interface LostHolders {
  add: (sender: string, holder: string) => void
  /** By sender. */
  list: () => Map<string, string[]>
  /** Recovery has asked Redis for the grants of these holders, and has given back what it found. */
  looked: (holders: readonly string[]) => void
}

/**
 * The time of a holder begins with the first answer of Redis, and not with the lost reply: however long an outage takes, this node alone knows that
 * these sends never started.
 */
export function createLostHolders ({ forMs = LOST_FOR_MS, most = MAX_LOST } = {}): LostHolders {
  const lost = new Map<string, { sender: string, lookedAt: number | null }>()
  return {
    add (sender, holder) {
      lost.set(holder, { sender, lookedAt: null })
      // While Redis hangs every call is lost. Above the limit the oldest grants are left to the end of their lease.
      for (const oldest of lost.keys()) {
        if (lost.size <= most) break
        lost.delete(oldest)
      }
    },
    list () {
      const bySender = new Map<string, string[]>()
      for (const [holder, { sender, lookedAt }] of lost) {
        if (lookedAt !== null && performance.now() - lookedAt > forMs) {
          lost.delete(holder)
          continue
        }
        const holders = bySender.get(sender)
        if (holders === undefined) bySender.set(sender, [holder])
        else holders.push(holder)
      }
      return bySender
    },
    looked (holders) {
      for (const holder of holders) {
        const entry = lost.get(holder)
        if (entry !== undefined) entry.lookedAt ??= performance.now()
      }
    }
  }
}
