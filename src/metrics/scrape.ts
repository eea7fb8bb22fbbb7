import { setImmediate as breathe } from 'node:timers/promises'
import { Registry, collectDefaultMetrics } from 'prom-client'
import type { Bus } from '../events.js'
import { SluiceError } from '../errors.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { Instruments } from './instruments.js'
import type { SystemReading } from './system.js'
import { createSystemGauges } from './system.js'

/** Reads one part of the system each; they fail where Redis is away. */
export type Sources = { [Part in keyof SystemReading]: () => Promise<SystemReading[Part]> }

/** Scrapes that come within this time of a reading are answered from it. */
const SHARED_MS = 1000
/** A reading that takes longer counts as failed: Prometheus waits 10 s by default. */
const WITHIN_MS = 5000

/**
 * Answers scrapes in the text format of Prometheus. Never fails and never waits for long: where Redis can't be read, the gauges
 * of the whole system are left out, since old ones would look like news.
 */
export function createScrape (instruments: Instruments, sources: Sources, events: Bus): () => Promise<string> {
  const system = createSystemGauges()
  // They count from here on.
  const ofProcess = processMetrics()
  let reading: Promise<string> | null = null
  let readAt: number | null = null

  async function look (): Promise<string> {
    const startedAt = performance.now()
    let isFailed = false
    try {
      system.show(await within(WITHIN_MS, read()))
      return await write(system.registry)
    } catch (error) {
      isFailed = true
      const isExpected = isUnavailable(error) || (error instanceof SluiceError && error.code === 'UNAVAILABLE')
      if (!isExpected) events.emit('fault', { where: 'scrape', error })
      return ''
    } finally {
      readAt = performance.now()
      instruments.scrapeFailed.set(isFailed ? 1 : 0)
      instruments.scrapeDuration.set((readAt - startedAt) / 1000)
    }
  }

  async function read (): Promise<SystemReading> {
    instruments.redisUp.set(0)
    // First and alone, so that a Redis that hangs costs one time-out and not one for each part.
    const infos = await sources.infos()
    instruments.redisUp.set(1)
    const [senders, retryWorker] = await Promise.all([sources.senders(), sources.retryWorker()])
    return { infos, senders, retryWorker }
  }

  return async () => {
    if (reading === null || (readAt !== null && performance.now() - readAt > SHARED_MS)) {
      readAt = null
      reading = look()
    }
    const told = await reading
    return await write(instruments.registry) + told + await write(ofProcess)
  }
}

/** Metric by metric: hundreds of senders are thousands of lines, and sends that were granted meanwhile have to start in time. */
async function write (registry: Registry): Promise<string> {
  let text = ''
  for (const { name } of registry.getMetricsAsArray()) {
    text += `${await registry.getSingleMetricAsString(name)}\n\n`
    await breathe()
  }
  return text
}

let shared: Registry | null = null

/** Memory, CPU, event loop and the like: once for a process, whatever number of nodes lives in it. */
function processMetrics (): Registry {
  if (shared !== null) return shared
  shared = new Registry()
  collectDefaultMetrics({ register: shared })
  // Gauges whose names end as only those of counters should; the ones beside them tell the same by kind.
  for (const kind of ['handles', 'requests', 'resources']) shared.removeSingleMetric(`nodejs_active_${kind}_total`)
  return shared
}

async function within<Value> (ms: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new SluiceError('UNAVAILABLE', { detail: `Redis was not read within ${ms} ms` })), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
