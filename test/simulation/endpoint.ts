/** The receiver of callbacks: it accepts, fails, rejects and hangs, and records what it got. */
import { createHash } from 'node:crypto'
import type { Endpoint, Posted } from '../../src/callbacks/post.js'
import type { Random } from '../property/random.js'
import type { SimulatedProcess } from './host.js'
import type { World } from './world.js'

const TIMEOUT_MS = 2000

export function startEndpoint (world: () => World, random: Random): (process: SimulatedProcess) => Endpoint {
  async function post (process: SimulatedProcess, id: string, body: string): Promise<Posted> {
    const { time, record, network } = world()
    const { type, timestamp, data } = JSON.parse(body) as { type: string, timestamp: string, data: { id: string } }
    return await new Promise(resolve => {
      if (process.isDead()) return
      const startedAt = time.now()
      const end = (code: string | null): void => process.receive(() => {
        const durationMs = time.now() - startedAt
        resolve(code === null ? { status: 'accepted', durationMs } : { status: 'failed', code, durationMs })
      })
      time.after(random.int(1, 20), () => {
        const status = random.chance(0.05) ? 503 : random.chance(0.03) ? 0 : 204
        if (type.startsWith('message.')) {
          record({
            fact: 'called-back',
            at: time.now(),
            id,
            message: data.id,
            state: type.slice('message.'.length),
            changedAt: network.whenRedisShowed(Date.parse(timestamp)),
            status,
            body: createHash('sha256').update(body).digest('base64url').slice(0, 12)
          })
        }
        if (status === 0) time.after(TIMEOUT_MS, () => end('TIMEOUT'))
        else time.after(random.int(1, 20), () => end(status === 204 ? null : 'HTTP_503'))
      })
    })
  }

  return process => ({
    post: async (headers, body) => await post(process, headers['webhook-id'] ?? '', body),
    close: async () => undefined
  })
}
