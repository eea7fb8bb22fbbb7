import { setTimeout as sleep } from 'node:timers/promises'
import { startGateway } from './gateway.mjs'
import { BESIDE, cpuOf, MEASURED, startChild } from './process.mjs'
import { startRedis } from './redis.mjs'

/** What a goal starts, so that all of it ends with the goal. */
export function createGround () {
  const started = []
  const keep = thing => {
    started.push(thing)
    return thing
  }
  return {
    redis: async options => keep(await startRedis(options)),
    gateway: async options => keep(await startGateway(options)),
    child: async (file, options) => keep(await startChild(file, options, { core: MEASURED })),
    callers: async () => keep(await startChild('generator.mjs', {}, { core: BESIDE })),

    /** WhatsApp's stand-in, answering after so many ms. */
    async provider (delayMs = 0) {
      const child = keep(await startChild('provider.mjs', {}, { core: BESIDE }))
      const provider = {
        url: await child.ask('url'),
        configure: async how => await child.ask('configure', how),
        took: async () => await child.ask('took'),
        arrivals: async () => await child.ask('arrivals'),
        served: async () => await child.ask('served'),
        async reached (count) { while (await provider.took() < count) await sleep(5) }
      }
      await provider.configure({ delayMs })
      return provider
    },

    /** The composed peer: `url` takes messages, `nothing` only checks them, `once` keeps their key and no more, `direct` sends them at once. */
    async composed (options) {
      const key = 'bench-sender-0123456789'
      const child = keep(await startChild('composed.mjs', { ...options, key, redisUrl: options.redis.url }, { core: MEASURED }))
      const url = await child.ask('url')
      return { url: `${url}/messages`, nothing: `${url}/nothing`, once: `${url}/once`, direct: `${url}/direct`, headers: options.dressed ? { authorization: `Bearer ${key}` } : {}, ask: child.ask, cpu: () => cpuOf(child.pid), stop: child.stop }
    },

    async end () {
      for (const thing of started.splice(0).reverse()) await thing.stop()
    }
  }
}

/** What some work took: CPU of a process and of its Redis, µs; and what the work gave. */
export async function meter ({ process, redis }, work) {
  const [node, store] = [process.cpu(), await redis.cpu()]
  const given = await work()
  return { given, nodeUs: process.cpu() - node, redisUs: await redis.cpu() - store }
}

/** The machine is too busy to measure on: nothing is known of what was to be measured. */
export class Busy extends Error {}

/** Where callers were turned away, the machine is too busy to compare on: told, and beyond a half refused. What was accepted alone counts. */
export function retryWhileUnavailable ({ asked, accepted, statuses }, isWarmUp = false) {
  if (isWarmUp) return
  if (accepted < asked) process.stderr.write(`\n${asked - accepted} of ${asked} messages were not accepted: ${JSON.stringify(statuses)}\n`)
  if (accepted < asked / 2) throw new Busy('this machine is too busy to measure on')
}
