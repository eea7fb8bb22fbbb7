import type { SenderView } from '../../throttle/inspect.js'
import { inspectSenders, queueOf } from '../../throttle/inspect.js'
import type { Api, ApiDeps } from '../api.js'
import { getQueueStats, getStats } from '../docs/operators.js'

/** The counts of the original service, and the queue's in Bull's words. */
export function statsRoutes (api: Api, deps: ApiDeps): void {
  api.get('/stats', { config: { roles: ['read', 'admin'], operation: getStats } }, async () => {
    const senders = await look(deps)
    return {
      throttling: { activeRateLimits: sum(senders, sender => sender.activeRateLimits) },
      deliveryFailures: {
        pending: sum(senders, sender => sender.failures.pending),
        resolved: sum(senders, sender => sender.failures.resolved),
        failed: sum(senders, sender => sender.failures.failed)
      },
      queue: queueOf(senders),
      senders,
      ...(deps.sandbox ? { sandbox: true } : {})
    }
  })

  api.get('/queues/stats', { config: { roles: ['read', 'admin'], operation: getQueueStats } }, async () => ({ queue: 'WHATSAPP', ...queueOf(await look(deps)) }))
}

async function look (deps: ApiDeps): Promise<SenderView[]> {
  return await inspectSenders(deps.store, deps.senders.ids())
}

function sum<Item> (items: Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
