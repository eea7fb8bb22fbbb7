/** A server, a process or a reply that is late is no step of the server's clock: after one, senders would have a cool-down. */
import { spawn } from 'node:child_process'
import t from 'tap'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import { serverNowMs } from '../../src/redis/server-clock.js'
import type { Redis } from 'ioredis'
import { createRandom } from '../property/random.js'
import { startRedis } from '../support/redis.js'
import { seedOf } from '../support/seed.js'
import { pass } from '../support/until.js'

const ROUNDS = 40
const MOST_MS = 300
const seed = seedOf('stalls')
const server = await startRedis(t)

/** Stops a process for a time, this one too. Resolves when it goes on. */
async function stop (pid: number, forMs: number): Promise<void> {
  const child = spawn('sh', ['-c', `kill -STOP ${pid}; sleep ${forMs / 1000}; kill -CONT ${pid}`], { stdio: 'ignore' })
  await new Promise(resolve => child.once('exit', resolve))
}

await t.test(`stalls of the server and of this process are no steps of its clock (seed ${seed})`, async t => {
  const random = createRandom(seed)
  const steps: unknown[] = []
  const bus = createBus()
  bus.on('clock.stepped', step => { steps.push(step) })
  const connections = await connect(server.url, bus)
  t.teardown(connections.close)
  const uncertain: number[] = []
  const read = async (): Promise<void> => {
    const askedAt = performance.now()
    const redisMs = await serverNowMs(connections.scripts as Redis)
    if (!connections.clock.isCertain('redis', redisMs, askedAt)) uncertain.push(redisMs)
  }
  for (let round = 0; round < ROUNDS; round++) {
    const reads = [read()]
    const stall = random.pick([
      async () => await stop(server.pid, random.int(1, MOST_MS)),
      async () => await stop(process.pid, random.int(1, MOST_MS)),
      // The reply waits in the kernel while this process computes.
      async () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, random.int(1, MOST_MS)) }
    ])()
    await pass(random.int(0, 20))
    reads.push(read())
    await Promise.all([stall, ...reads])
    await read()
  }
  t.strictSame([steps, uncertain], [[], []])
  t.equal(connections.clock.forwardSteps('redis'), 0)
})
