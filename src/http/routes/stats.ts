import type { SenderView } from '../../throttle/inspect.js'
import { inspectSender } from '../../throttle/inspect.js'
import type { Api, ApiRoom } from '../api.js'

/** The counts of the original service, and the queue's in Bull's words. */
export function statsRoutes (api: Api, room: ApiRoom): void {
  api.get('/stats', { config: { roles: ['read', 'admin'] } }, async () => {
    const senders = await look(room)
    return {
      throttling: { activeRateLimits: sum(senders, sender => sender.activeRateLimits) },
      deliveryFailures: {
        pending: sum(senders, sender => sender.failures.pending),
        resolved: sum(senders, sender => sender.failures.resolved),
        failed: sum(senders, sender => sender.failures.failed)
      },
      queue: queueOf(senders),
      senders,
      ...(room.sandbox ? { sandbox: true } : {})
    }
  })

  api.get('/queues/stats', { config: { roles: ['read', 'admin'] } }, async () => ({ queue: 'WHATSAPP', ...queueOf(await look(room)) }))
}

async function look (room: ApiRoom): Promise<SenderView[]> {
  return await Promise.all(room.senders.map(async sender => await inspectSender(room.store, sender)))
}

/** What stands in line of a closed sender is paused, all of it; else what is due waits and the rest is delayed. */
export function queueOf (senders: SenderView[]): Record<'waiting' | 'active' | 'delayed' | 'completed' | 'failed' | 'paused', number> {
  const open = senders.filter(sender => sender.state === 'open')
  const closed = senders.filter(sender => sender.state !== 'open')
  return {
    waiting: sum(open, sender => sender.due),
    active: sum(senders, sender => sender.inFlight),
    delayed: sum(open, sender => sender.inLine - sender.due) + sum(senders, sender => sender.failures.pending + sender.unknown + sender.scheduled),
    completed: sum(senders, sender => sender.sentInDay),
    failed: sum(senders, sender => sender.failures.failed),
    paused: sum(closed, sender => sender.inLine)
  }
}

function sum<Item> (items: Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
