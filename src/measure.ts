import { readFileSync } from 'node:fs'
import type { RetryWorkerDeps } from './failure/retry-worker.js'
import { retryWorkerStatus } from './failure/retry-worker.js'
import type { Sources } from './metrics/scrape.js'
import { readInfos } from './redis/info.js'
import { globalKey } from './redis/keys.js'
import type { Store } from './redis/store.js'
import type { SenderRegistry } from './sender-registry.js'
import type { SenderFacts } from './sender-facts.js'
import { measureSenders } from './throttle/inspect.js'

/** Sources of the gauges that describe the whole system. */
export function createSources (deps: RetryWorkerDeps & { senders: Pick<SenderRegistry, 'ids' | 'has'> }): Sources {
  return {
    infos: async () => await readInfos(deps.store.redis),
    senders: async () => await measureSystem(deps.store, deps.senders),
    retryWorker: async () => await retryWorkerStatus(deps)
  }
}

/** The senders that this node serves, and those that hold messages and that it does not serve: another node should. */
async function measureSystem (store: Store, senders: Pick<SenderRegistry, 'ids' | 'has'>): Promise<SenderFacts[]> {
  const known = await store.redis.hkeys(globalKey(store.prefix, 'senders'))
  const found = await measureSenders(store, [...new Set([...senders.ids(), ...known])])
  return found.filter(({ id, unsettled }) => senders.has(id) || unsettled > 0)
}

/** The version of this package. */
export function readVersion (): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
