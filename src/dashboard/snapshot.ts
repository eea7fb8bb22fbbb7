import type { SenderView } from '../throttle/inspect.js'
import { inspectSender } from '../throttle/inspect.js'
import type { DashboardRoom } from './room.js'

/** The counts of all senders. */
export interface Snapshot {
  /** Read now, or a moment ago. */
  recent: () => Promise<SenderView[]>
  read: () => Promise<SenderView[]>
  /** What was read before is no longer so. */
  forget: () => void
}

/** bull-board asks a queue four things for one poll: the counts are read once, and the page goes by the same ones. */
const RECENT_MS = 100

export function createSnapshot (room: Pick<DashboardRoom, 'store' | 'senders'>): Snapshot {
  let last: { doneAt: number, senders: Promise<SenderView[]> } | null = null

  async function read (): Promise<SenderView[]> {
    const senders = Promise.all(room.senders.map(async sender => await inspectSender(room.store, sender)))
    const mine = { doneAt: Infinity, senders }
    last = mine
    try {
      return await senders
    } catch (error) {
      if (last === mine) last = null
      throw error
    } finally {
      mine.doneAt = performance.now()
    }
  }

  return {
    read,
    async recent () {
      return last === null || performance.now() - last.doneAt > RECENT_MS ? await read() : await last.senders
    },
    forget () {
      last = null
    }
  }
}
