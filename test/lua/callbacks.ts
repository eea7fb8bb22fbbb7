/** What the tests of callbacks do with a world. */
import type { LeasedCallback, Replies } from '../../src/redis/commands.js'
import type { World } from './support.js'

export const A_WORD = { subject: 'in:AAAAAAAAAAAAAAAAAAAAAA', type: 'whatsapp.inbound', data: '{"entry":"1",\n"change":{"from":"14155550101"}}' }

/** From now on changes cause callbacks. Without a cap as an older version enabled them. */
export const listen = async (w: World, callbackCap?: number): Promise<void> => {
  await w.redis.hset(w.key('sender'), { callbacks: '1', ...(callbackCap === undefined ? {} : { callbackCap }) })
}
export const outbox = async (w: World): Promise<string[]> => await w.redis.lrange(w.key('outbox'), 0, -1)
export const lease = async (w: World, change: Record<string, number> = {}): Promise<Replies['lease-callbacks']> =>
  await w.run('lease-callbacks', { limit: 10, retryLimit: 10, probe: '', leaseMs: 30_000, moveLimit: 100, ...change })
export const settle = async (
  w: World,
  { subject, leaseEndMs }: Pick<LeasedCallback, 'subject' | 'leaseEndMs'>,
  change: Record<string, number | boolean> = {}
): Promise<Replies['settle-callback']> =>
  await w.run('settle-callback', {
    subject,
    leaseEnd: leaseEndMs,
    delivered: true,
    afterMs: 5000,
    giveUpMs: 60_000,
    leaseMs: 30_000,
    cap: 2,
    keepMs: 1000,
    ...change
  })

/** A sent message of a recipient of its own; returns the id. */
export async function send (w: World, n: number): Promise<string> {
  const grant = await w.grant({ key: `sent ${n}`, recipient: `p1415555${1000 + n}` })
  await w.settled(grant, 'sent')
  return grant.id
}
