import { setTimeout as sleep } from 'node:timers/promises'
import { onPath } from '../../../bin/kit.mjs'
import { provide } from '../../../bin/setup.mjs'
import { startGateway } from './gateway.mjs'
import { SHARED, cpuOf, MEASURED, startChild } from './process.mjs'
import { startCluster, startRedis } from './redis.mjs'
import { runWrk } from './wrk.mjs'

/** Keeps everything that a goal starts, so that all of it ends with the goal. */
export function createEnvironment () {
  const started = []
  const keep = thing => {
    started.push(thing)
    return thing
  }
  return {
    redis: async options => keep(await startRedis(options)),
    cluster: async masters => keep(await startCluster(masters)),
    gateway: async options => keep(await startGateway(options)),
    child: async (file, options, core = MEASURED) => keep(await startChild(file, options, { core })),
    callers: async () => keep(await startChild('generator.mjs', {}, { core: SHARED })),

    /** Runs of callers that wait for their response: wrk, or the generator where there is no wrk. */
    async load () {
      await provide('wrk')
      if (onPath('wrk') !== undefined) return runWrk
      const { ask } = await this.callers()
      return async how => await ask('run', how)
    },

    /** The fake provider, which responds after `delayMs`. */
    async provider (delayMs = 0) {
      const child = keep(await startChild('provider.mjs', {}, { core: SHARED }))
      const provider = {
        url: await child.ask('url'),
        configure: async how => await child.ask('configure', how),
        received: async () => await child.ask('received'),
        arrivals: async () => await child.ask('arrivals'),
        served: async () => await child.ask('served'),
        async reached (count) { while (await provider.received() < count) await sleep(5) }
      }
      await provider.configure({ delayMs })
      return provider
    },

    /** The composed peer: `url` accepts messages, `nothing` only validates them, `once` only stores their key, `direct` sends them at once. */
    async composed (options) {
      const key = 'bench-sender-0123456789'
      const child = keep(await startChild('composed.mjs', { ...options, key, redisUrl: options.redis.url }, { core: MEASURED }))
      const url = await child.ask('url')
      return {
        url: `${url}/messages`,
        nothing: `${url}/nothing`,
        once: `${url}/once`,
        direct: `${url}/direct`,
        headers: options.equipped ? { authorization: `Bearer ${key}` } : {},
        ask: child.ask,
        cpu: () => cpuOf(child.pid),
        stop: child.stop
      }
    },

    async end () {
      for (const thing of started.splice(0).reverse()) await thing.stop()
    }
  }
}

/** The CPU that some work used in a process and in its Redis, µs, and the result of the work. */
export async function meter ({ process, redis }, work) {
  const [node, store] = [process.cpu(), await redis.cpu()]
  const result = await work()
  return { result, nodeUs: process.cpu() - node, redisUs: await redis.cpu() - store }
}

/** The machine is too busy to measure on, so there is no result. */
export class Busy extends Error {}

/**
 * Rejected requests mean that the machine is too busy: they are reported, and more than half of them, or no response at all, end the run. Only
 * accepted messages count.
 */
export function checkAccepted ({ asked, accepted, statuses }, isWarmUp = false) {
  if (isWarmUp) return
  if (accepted < asked) process.stderr.write(`\n${asked - accepted} of ${asked} messages were not accepted: ${JSON.stringify(statuses)}\n`)
  if (accepted === 0 || accepted < asked / 2) throw new Busy('this machine is too busy to measure on')
}
