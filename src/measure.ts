import { readFileSync } from 'node:fs'
import type { RetryWorkerDeps } from './failure/retry-worker.js'
import { retryWorkerStatus } from './failure/retry-worker.js'
import type { Sources } from './metrics/scrape.js'
import { serversOf } from './redis/client.js'
import { globalKey } from './redis/keys.js'
import type { SenderFacts } from './throttle/inspect.js'
import { measureSenders } from './throttle/inspect.js'

/** Where the gauges of the whole system come from. */
export function createSources (deps: RetryWorkerDeps): Sources {
  return {
    infos: async () => await Promise.all(serversOf(deps.store.redis).map(async server => await server.info())),
    senders: async () => await measureServed(deps),
    retryWorker: async () => await retryWorkerStatus(deps)
  }
}

/** The senders that this node serves, and those that hold messages and that it does not: somebody else should. */
async function measureServed ({ store, senders }: RetryWorkerDeps): Promise<SenderFacts[]> {
  const known = await store.redis.hkeys(globalKey(store.prefix, 'senders'))
  const served = new Set(senders)
  const found = await measureSenders(store, [...new Set([...senders, ...known])])
  return found.filter(({ id, unsettled }) => served.has(id) || unsettled > 0)
}

/** Of this package. */
export function readVersion (): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
