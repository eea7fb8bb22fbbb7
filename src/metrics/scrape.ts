import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { Registry, collectDefaultMetrics } from 'prom-client'
import { startReadTimeout } from '../deadlines.js'
import type { Bus } from '../events.js'
import { SluiceError } from '../errors.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { Instruments } from './instruments.js'
import type { SystemReading } from './system.js'
import { createSystemGauges } from './system.js'

/** Each reads one part of the system, and fails where Redis is unavailable. */
export interface Sources {
  /** Null for a server that does not respond. */
  infos: () => Promise<Array<string | null>>
  senders: () => Promise<SystemReading['senders']>
  retryWorker: () => Promise<SystemReading['retryWorker']>
}

/** Scrapes within this time of a reading share it. */
const SHARED_MS = 1000
/** A reading that takes longer counts as failed: Prometheus waits 10 s by default. */
const TIMEOUT_MS = 5000

/**
 * Responds to scrapes in the text format of Prometheus. It never fails and never waits for long: where Redis cannot be read, the gauges of the
 * whole system are left out, since stale values would look current.
 */
export function createScrape (instruments: Instruments, sources: Sources, events: Bus): () => Promise<string> {
  const system = createSystemGauges()
  // Created now, since they count from their creation.
  const ofProcess = processMetrics()
  let reading: Promise<string> | null = null
  let readAt: number | null = null

  async function readSystem (): Promise<string> {
    const startedAt = performance.now()
    let isFailed = false
    try {
      system.show(await withTimeout(TIMEOUT_MS, read()))
      return await write(system.registry)
    } catch (error) {
      isFailed = true
      if (!isUnavailable(error)) events.emit('unexpected-error', { location: 'scrape', error })
      return ''
    } finally {
      readAt = performance.now()
      instruments.scrapeFailed.set(isFailed ? 1 : 0)
      instruments.scrapeDuration.set((readAt - startedAt) / 1000)
    }
  }

  async function read (): Promise<SystemReading> {
    instruments.redisUp.set(0)
    // First and alone, so that a Redis that hangs costs one timeout and not one per part.
    const found = await sources.infos()
    const infos = found.filter(info => info !== null)
    instruments.redisUp.set(infos.length === found.length ? 1 : 0)
    const [senders, retryWorker] = await Promise.all([sources.senders(), sources.retryWorker()])
    return { infos, senders, retryWorker }
  }

  return async () => {
    if (reading === null || (readAt !== null && performance.now() - readAt > SHARED_MS)) {
      readAt = null
      reading = readSystem()
    }
    const systemText = await reading
    return await write(instruments.registry) + systemText + await write(ofProcess)
  }
}

/** Metric by metric: hundreds of senders are thousands of lines, and granted sends have to start on time meanwhile. */
async function write (registry: Registry): Promise<string> {
  let text = ''
  for (const { name } of registry.getMetricsAsArray()) {
    text += `${await registry.getSingleMetricAsString(name)}\n\n`
    await yieldToEventLoop()
  }
  return text
}

let shared: Registry | null = null

/** Memory, CPU, event loop and the like: once per process, which may run several nodes in tests. */
function processMetrics (): Registry {
  if (shared !== null) return shared
  shared = new Registry()
  collectDefaultMetrics({ register: shared })
  // Gauges with the name of a counter. Those without `_total` report the same values by type.
  for (const kind of ['handles', 'requests', 'resources']) shared.removeSingleMetric(`nodejs_active_${kind}_total`)
  return shared
}

async function withTimeout<Value> (ms: number, work: Promise<Value>): Promise<Value> {
  let cancel = (): void => undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    cancel = startReadTimeout(ms, () => reject(new SluiceError('UNAVAILABLE', { detail: `reading Redis took longer than ${ms} ms` })))
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    cancel()
  }
}
