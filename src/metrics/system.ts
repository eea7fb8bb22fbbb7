import { Counter, Gauge, Registry } from 'prom-client'
import { memoryUse, parseInfo } from '../redis/info.js'
import type { SenderFacts } from '../sender-facts.js'
import { circuitStates, senderStates } from '../sender-facts.js'

/** State of the whole system, read from Redis for each scrape. Durations in seconds. */
export interface SystemReading {
  senders: SenderFacts[]
  retryWorker: { isRunning: boolean, intervalMs: number, lastRunAt: string | null }
  /** INFO reply of each Redis server. */
  infos: string[]
}

export interface SystemGauges {
  registry: Registry
  /** Replaces the previous reading. */
  show: (reading: SystemReading) => void
}

/** Every node reports the same values, so queries take the max. `npm run docs` writes docs/metrics.md from this list. */
export function createSystemGauges (): SystemGauges {
  const registry = new Registry()
  const registers = [registry]
  function gauge<Label extends string> (name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `sluice_${name}`, help, labelNames, registers })
  }
  const limited = gauge('active_rate_limits', 'Recipients whose pair rate delays their next message', ['sender'])
  const messages = gauge('queue_messages', 'Unsettled messages by state', ['sender', 'state'])
  const failures = gauge('delivery_failures', 'Stored delivery failures by status; pending until their retry has ended', ['sender', 'status'])
  const unacknowledged = gauge('delivery_failures_unacknowledged',
    'Messages that failed for good in the last 24 hours and are not acknowledged, by reason', ['sender', 'reason'])
  const oldest = gauge('oldest_due_seconds', 'Age of the oldest due message past its ready time, in seconds; 0 if none is due', ['sender'])
  const inFlight = gauge('inflight', 'Requests to WhatsApp in flight, over all nodes', ['sender'])
  const inFlightLimit = gauge('inflight_limit', 'Limit of requests to WhatsApp in flight', ['sender'])
  const open = gauge('sender_open', '1 if the sender is active, 0 if it is paused or stopped', ['sender'])
  const state = gauge('sender_state', '1 for the current state of the sender, 0 for the others', ['sender', 'state'])
  const circuit = gauge('circuit_state', '1 for the current state of the sender\'s circuit breaker, 0 for the others', ['sender', 'state'])
  const missing = gauge('statuses_missing_ratio',
    'Share (0 to 1) of the messages accepted 2 to 12 minutes ago of which no webhook has reported a status; 0 below 20 messages', ['sender'])
  const bulkHeld = gauge('bulk_held',
    '1 while the lane bulk of the sender is held, since most messages have no status, else 0; absent where not watched', ['sender'])
  const stopped = gauge('templates_stopped', '1 while WhatsApp sends no template of the sender, else 0', ['sender'])
  const unread = gauge('template_read_failures',
    'Reads of the statuses of the sender\'s templates that failed since the last successful one', ['sender'])
  const windowsKnown = gauge('windows_known',
    '1 if the closed windows of the sender are known, 0 while webhooks have not come for a day or some may be missing; absent where not checked',
    ['sender'])
  const dailyLimit = gauge('daily_limit', 'Daily limit in force, in recipients; in a portfolio the share of the sender; absent without one',
    ['sender'])
  const dailyUsed = gauge('daily_used', 'Recipients who count for the daily limit; absent where none are counted', ['sender'])
  const dailyRatio = gauge('daily_used_ratio',
    'Used share of the daily limit, 0 to 1; in a portfolio that of all its senders; above 1 after a limit was lowered; absent without a limit',
    ['sender'])
  const rate = gauge('sender_rate_limit', 'Sender rate, in messages per second', ['sender'])
  const current = gauge('sender_rate_current', 'Sender rate in force, in messages per second: the sender rate, or less where WhatsApp allows less',
    ['sender'])
  const unattended = gauge('shift_unattended_seconds', 'Time that due messages have had no drain run, in seconds; 0 if one is running or none is due',
    ['sender'])
  const sent = gauge('sent_last_day', 'Messages sent in the last 24 hours', ['sender'])
  const callbacksWaiting = gauge('callbacks_waiting', 'Callbacks that wait for delivery', ['sender'])
  const callbackAge = gauge('callbacks_oldest_seconds', 'Age of the oldest waiting callback, in seconds; 0 if none waits', ['sender'])
  const running = gauge('retry_worker_running', '1 if the retry worker runs on schedule, 0 if it is stopped or overdue')
  const lastRun = gauge('retry_worker_last_run_timestamp_seconds', 'Unix time of the last retry worker run, in seconds; 0 if never')
  const interval = gauge('retry_worker_interval_seconds', 'Interval between retry worker runs, in seconds')
  const memoryRatio = gauge('redis_memory_ratio', 'Used share of maxmemory (0 to 1) on the fullest Redis server; 0 without a limit')
  const memory = gauge('redis_memory_bytes', 'Memory used by Redis, in bytes')
  const clients = gauge('redis_clients', 'Client connections to Redis')
  const commands = new Counter({ name: 'sluice_redis_commands_total', help: 'Commands processed by Redis', registers })
  const aofOk = gauge('redis_aof_ok', '1 if every Redis server has an append-only file whose last write succeeded, else 0')
  const bySender = [
    limited, messages, failures, unacknowledged, oldest, inFlight, inFlightLimit, open, state, circuit, missing, bulkHeld,
    stopped, unread, windowsKnown, dailyLimit, dailyUsed, dailyRatio, rate, current, unattended, sent, callbacksWaiting, callbackAge
  ]

  function showSender (reading: SenderFacts): void {
    const sender = reading.id
    const isActive = reading.state === 'active'
    const { queued, due } = reading
    // Messages of a paused or stopped sender are not due and have no ready time.
    const byState = {
      waiting: isActive ? due : 0,
      delayed: isActive ? queued - due : 0,
      paused: isActive ? 0 : queued,
      active: reading.inFlight,
      scheduled: reading.scheduled,
      suspended: reading.suspended,
      'templates-stopped': reading.templates.waiting,
      awaiting: reading.awaiting,
      'daily-limit': reading.daily?.waiting ?? 0,
      'template-rate': reading.rates.templateWaiting,
      'category-rate': reading.rates.categoryWaiting,
      retrying: reading.retrying,
      unknown: reading.unknown
    }
    limited.set({ sender }, reading.activeRateLimits)
    for (const [state, count] of Object.entries(byState)) messages.set({ sender, state }, count)
    for (const [status, count] of Object.entries(reading.failures)) failures.set({ sender, status }, count)
    for (const [reason, count] of Object.entries(reading.unacknowledged)) unacknowledged.set({ sender, reason }, count)
    // During an outage messages are not late: its alert is another one.
    oldest.set({ sender }, isActive && reading.circuit.state !== 'open' ? reading.oldestDueSeconds : 0)
    inFlight.set({ sender }, reading.inFlight)
    inFlightLimit.set({ sender }, reading.rules.maxInFlight)
    open.set({ sender }, isActive ? 1 : 0)
    for (const one of senderStates) state.set({ sender, state: one }, one === reading.state ? 1 : 0)
    for (const one of circuitStates) circuit.set({ sender, state: one }, one === reading.circuit.state ? 1 : 0)
    missing.set({ sender }, reading.statusesMissing)
    if (reading.bulk.state !== 'off') bulkHeld.set({ sender }, reading.bulk.state === 'held' ? 1 : 0)
    stopped.set({ sender }, reading.templates.state === 'stopped' ? 1 : 0)
    unread.set({ sender }, reading.templateReadFailures)
    if (reading.windows.state !== 'off') windowsKnown.set({ sender }, reading.windows.state === 'known' ? 1 : 0)
    if (reading.daily !== null) dailyUsed.set({ sender }, reading.daily.used)
    if (typeof reading.daily?.limit === 'number') dailyLimit.set({ sender }, reading.daily.limit)
    rate.set({ sender }, reading.rules.perSecond)
    current.set({ sender }, reading.rate.perSecond)
    unattended.set({ sender }, reading.unattendedSeconds)
    sent.set({ sender }, reading.sentLast24h)
    callbacksWaiting.set({ sender }, reading.callbacks.waiting)
    callbackAge.set({ sender }, reading.callbacks.oldestSeconds)
  }

  return {
    registry,
    show ({ senders, retryWorker, infos }) {
      for (const metric of bySender) metric.reset()
      senders.forEach(showSender)
      for (const [sender, ratio] of dailyRatios(senders)) dailyRatio.set({ sender }, ratio)
      running.set(retryWorker.isRunning ? 1 : 0)
      lastRun.set(retryWorker.lastRunAt === null ? 0 : Date.parse(retryWorker.lastRunAt) / 1000)
      interval.set(retryWorker.intervalMs / 1000)
      const servers = infos.map(readInfo)
      memory.set(sum(servers, server => server.memory))
      memoryRatio.set(Math.max(0, ...servers.map(server => server.ratio)))
      clients.set(sum(servers, server => server.clients))
      commands.reset()
      commands.inc(sum(servers, server => server.commands))
      aofOk.set(servers.every(server => server.isKept) ? 1 : 0)
    }
  }
}

/**
 * The used share of the daily limit of each sender. Senders with a share of a portfolio have that of the portfolio: shares follow what is used, so
 * a busy sender's own is nearly full long before the limit is.
 */
function dailyRatios (senders: SenderFacts[]): Array<[sender: string, ratio: number]> {
  const totals = new Map<string, { senders: string[], used: number, limit: number }>()
  for (const { id, daily } of senders) {
    if (daily === null || daily.limit === null) continue
    const subject = daily.reason === 'portfolio' ? `portfolio ${daily.portfolio}` : id
    const total = totals.get(subject) ?? { senders: [], used: 0, limit: 0 }
    totals.set(subject, { senders: [...total.senders, id], used: total.used + daily.used, limit: total.limit + daily.limit })
  }
  return [...totals.values()].flatMap(({ senders, used, limit }) =>
    // Shares of 0: more is used than a lowered limit allows, or a new sender has none yet.
    senders.map((id): [string, number] => [id, limit === 0 ? Math.min(used, 1) : used / limit]))
}

function readInfo (text: string): { memory: number, ratio: number, clients: number, commands: number, isKept: boolean } {
  const info = parseInfo(text)
  const { usedBytes, ratio } = memoryUse(info)
  return {
    memory: usedBytes,
    ratio,
    clients: Number(info.get('connected_clients')),
    commands: Number(info.get('total_commands_processed')),
    isKept: info.get('aof_enabled') === '1' && info.get('aof_last_write_status') === 'ok'
  }
}

function sum<Item> (items: Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
