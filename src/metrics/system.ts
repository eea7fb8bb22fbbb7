import { Counter, Gauge, Registry } from 'prom-client'

/** What Redis knows of the whole system, read anew for a scrape. Spans in seconds. */
export interface SystemReading {
  senders: SenderReading[]
  retryWorker: { isRunning: boolean, intervalMs: number, lastRunAt: string | null }
  /** What each server of Redis answers to INFO. */
  infos: string[]
}

export interface SenderReading {
  id: string
  state: 'active' | 'paused' | 'stopped'
  rules: { perSecond: number, maxInFlight: number }
  queued: number
  due: number
  inFlight: number
  scheduled: number
  unknown: number
  failures: { pending: number, resolved: number, failed: number }
  sentLast24h: number
  activeRateLimits: number
  oldestDueSeconds: number
  unattendedSeconds: number
  unacknowledged: Record<'rejected' | 'exhausted' | 'expired' | 'unknown', number>
  callbacks: { waiting: number, oldestSeconds: number }
}

const states = ['active', 'paused', 'stopped'] as const

export interface SystemGauges {
  registry: Registry
  /** Puts a reading in the place of the one before. */
  show: (reading: SystemReading) => void
}

/** The same on every node, so queries take the max. docs/metrics.md is this list, word for word. */
export function createSystemGauges (): SystemGauges {
  const registry = new Registry()
  const registers = [registry]
  function gauge<Label extends string> (name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `sluice_${name}`, help, labelNames, registers })
  }
  const limited = gauge('active_rate_limits', 'Recipients whose pace binds now', ['sender'])
  const messages = gauge('queue_messages', 'Unsettled messages, by where each stands', ['sender', 'state'])
  const failures = gauge('delivery_failures', 'Delivery failures kept', ['sender', 'status'])
  const unseen = gauge('delivery_failures_unacknowledged', 'Messages given up in the last 24 hours that nobody has acknowledged, by why', ['sender', 'reason'])
  const oldest = gauge('oldest_due_seconds', 'For how long the oldest turn that has come waits, 0 if none does', ['sender'])
  const inFlight = gauge('inflight', 'Requests to WhatsApp under way, over all nodes', ['sender'])
  const inFlightLimit = gauge('inflight_limit', 'The most of them that the rules allow', ['sender'])
  const open = gauge('sender_open', '1 if the sender may send, 0 if it is paused or stopped', ['sender'])
  const state = gauge('sender_state', '1 for the state that the sender is in, 0 for the others', ['sender', 'state'])
  const rate = gauge('sender_rate_limit', 'Messages a second that the rules allow', ['sender'])
  const unattended = gauge('shift_unattended_seconds', 'For how long due messages have had no shift, 0 if they have one or there are none', ['sender'])
  const sent = gauge('sent_last_day', 'Messages sent in the last 24 hours', ['sender'])
  const untold = gauge('callbacks_waiting', 'Messages, and webhooks to relay, that callbacks are still to tell of', ['sender'])
  const untoldFor = gauge('callbacks_oldest_seconds', 'For how long the oldest of them has waited, 0 if none does', ['sender'])
  const running = gauge('retry_worker_running', '1 unless the retry worker is stopped or no node has run it when it was time')
  const lastRun = gauge('retry_worker_last_run_timestamp_seconds', 'When the retry worker last ran, 0 if never')
  const interval = gauge('retry_worker_interval_seconds', 'How often the retry worker looks for due failures')
  const memoryRatio = gauge('redis_memory_ratio', 'Share of maxmemory in use, of the fullest server; 0 without a limit')
  const memory = gauge('redis_memory_bytes', 'Memory that Redis uses for its data')
  const clients = gauge('redis_clients', 'Connections to Redis')
  const commands = new Counter({ name: 'sluice_redis_commands_total', help: 'Commands that Redis has run', registers })
  const aofOk = gauge('redis_aof_ok', '1 if every server keeps an append-only file and last wrote it without an error')
  const bySender = [limited, messages, failures, unseen, oldest, inFlight, inFlightLimit, open, state, rate, unattended, sent, untold, untoldFor]

  function showSender (reading: SenderReading): void {
    const sender = reading.id
    const isOpen = reading.state === 'active'
    const { queued, due } = reading
    // Behind a closed sender nothing is due, and nothing has a promise.
    const standing = {
      waiting: isOpen ? due : 0,
      delayed: isOpen ? queued - due : 0,
      paused: isOpen ? 0 : queued,
      active: reading.inFlight,
      scheduled: reading.scheduled,
      retrying: reading.failures.pending,
      unknown: reading.unknown
    }
    limited.set({ sender }, reading.activeRateLimits)
    for (const [state, count] of Object.entries(standing)) messages.set({ sender, state }, count)
    for (const [status, count] of Object.entries(reading.failures)) failures.set({ sender, status }, count)
    for (const [reason, count] of Object.entries(reading.unacknowledged)) unseen.set({ sender, reason }, count)
    oldest.set({ sender }, isOpen ? reading.oldestDueSeconds : 0)
    inFlight.set({ sender }, reading.inFlight)
    inFlightLimit.set({ sender }, reading.rules.maxInFlight)
    open.set({ sender }, isOpen ? 1 : 0)
    for (const one of states) state.set({ sender, state: one }, one === reading.state ? 1 : 0)
    rate.set({ sender }, reading.rules.perSecond)
    unattended.set({ sender }, reading.unattendedSeconds)
    sent.set({ sender }, reading.sentLast24h)
    untold.set({ sender }, reading.callbacks.waiting)
    untoldFor.set({ sender }, reading.callbacks.oldestSeconds)
  }

  return {
    registry,
    show ({ senders, retryWorker, infos }) {
      for (const metric of bySender) metric.reset()
      senders.forEach(showSender)
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

function readInfo (info: string): { memory: number, ratio: number, clients: number, commands: number, isKept: boolean } {
  const told = (field: string): string => new RegExp(`^${field}:(\\S*)`, 'm').exec(info)?.[1] ?? ''
  const [memory, most] = [Number(told('used_memory')), Number(told('maxmemory'))]
  return {
    memory,
    ratio: most === 0 ? 0 : memory / most,
    clients: Number(told('connected_clients')),
    commands: Number(told('total_commands_processed')),
    isKept: told('aof_enabled') === '1' && told('aof_last_write_status') === 'ok'
  }
}

function sum<Item> (items: Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
