import { AsyncLocalStorage } from 'node:async_hooks'
import type { SenderView } from '../throttle/inspect.js'
import { inspectSenders } from '../throttle/inspect.js'
import type { DashboardDeps } from './room.js'

/** The request that is being answered; bull-board hands none on to the queues. */
interface Asking {
  /** Name of the admin. */
  by: string
  /** The counts of all senders, once they are read. */
  senders: Promise<SenderView[]> | null
}

const asking = new AsyncLocalStorage<Asking>()

/** Runs what answers a request of this admin. */
export function answering (by: string, answer: () => void): void {
  asking.run({ by, senders: null }, answer)
}

/** By whom something is done. */
export function admin (): string {
  return asking.getStore()?.by ?? 'the dashboard'
}

/** The counts of all senders. bull-board asks a queue four things for one poll: they are read once, and the page goes by the same ones. */
export async function readSenders (deps: Pick<DashboardDeps, 'store' | 'senders'>): Promise<SenderView[]> {
  const request = asking.getStore()
  if (request === undefined) return await inspectSenders(deps.store, deps.senders.ids())
  request.senders ??= inspectSenders(deps.store, deps.senders.ids())
  return await request.senders
}
