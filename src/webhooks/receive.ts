import { SluiceError } from '../errors.js'
import type { Gate } from '../parallel.js'
import { createGate, inParallel } from '../parallel.js'
import { redisNowMs } from '../redis/clock.js'
import { senderKey } from '../redis/keys.js'
import { mayHaveSigned } from '../redis/known-senders.js'
import type { SenderRegistry } from '../sender-registry.js'
import { takeOrPark } from '../settlement/parked.js'
import type { ReceiptDeps, Status } from '../settlement/receipt.js'
import type { Notice } from './read.js'
import { readNotification } from './read.js'
import { takePreferences } from './preferences.js'
import { relays } from './relay.js'
import { appSecretsOf, findSigner, mayReport } from './verify.js'

export interface WebhookDeps extends ReceiptDeps {
  /** What the operator entered at Meta as well; '' allows no verification. */
  verifyToken: string
  senders: Pick<SenderRegistry, 'ids' | 'has' | 'settingsOf' | 'formerSecrets'>
}

/**
 * Statuses and changes that a node processes at once, over all requests. Meta posts concurrently, a thousand updates each. With more in
 * progress each command waits behind all others in this process, on a slow or just started one until it times out.
 */
const CONCURRENCY = 20

/** Processes a notification, given as raw bytes with its signature. */
export type Receive = (body: Buffer, signature: string | undefined) => Promise<{ statuses: number }>

/**
 * Applies Meta's notifications to messages. When a call returns, all of its notification is in Redis. Throws WEBHOOK_SIGNATURE
 * where no app secret signed these bytes, INVALID_REQUEST for a body that is not JSON, UNAVAILABLE where Redis did not accept all of it:
 * Meta then repeats the notification, and what was processed already is recognized.
 */
export function createReceive (deps: WebhookDeps): Receive {
  const gate = createGate(CONCURRENCY)
  return async (body, signature) => await receive(deps, gate, body, signature)
}

async function receive (deps: WebhookDeps, gate: Gate, body: Buffer, signature: string | undefined): ReturnType<Receive> {
  const signer = findSigner(body, signature, appSecretsOf(deps.senders))
  if (signer === null) {
    deps.events.emit('webhook.rejected', { reason: 'signature' })
    throw new SluiceError('WEBHOOK_SIGNATURE')
  }
  const { notices: all, others } = readNotification(parse(deps, body))
  // An app that signs for one number must not report on another's messages.
  const checks = await inParallel(all, CONCURRENCY, async notice => await isAllowed(deps, gate, notice, signer).catch((error: Error) => error))
  const notices = all.filter((_, at) => checks[at] === true)
  // Meta does not repeat what got a 2xx, so that no status may be lost with the master.
  const written = [...new Set(notices.filter(({ statuses }) => statuses.length > 0).map(({ sender }) => sender))]
  const clocks = readClocks(deps, written)
  await takeEach(
    () => all.flatMap(({ sender }, at) => checks[at] instanceof Error ? [{ sender, work: async () => { throw checks[at] as Error } }] : []),
    () => notices.flatMap(byMessage).map(([sender, statuses]) =>
      ({ sender, work: async () => await takeStatuses(deps, gate, sender, statuses, clocks.get(sender)) })),
    () => written.map(sender => ({ sender, work: async () => await deps.store.hold(sender) })),
    () => bySender(notices).map(([sender, preferences]) => ({ sender, work: async () => await takePreferences(deps, sender, preferences) })),
    () => deps.settlement.callbacksEnabled === true ? relays(deps, gate, body.toString(), others, signer) : []
  )
  return { statuses: notices.reduce((sum, { statuses }) => sum + statuses.length, 0) }
}

/** A part of a notification. */
export interface Work { sender: string, work: () => Promise<void> }

/**
 * Takes one stage after the other, and the parts of a stage in parallel. What cannot be taken does not hold back what follows: Meta may not repeat
 * a notification before an unknown outcome is decided without its status, and the senders may be on other servers of a cluster. Rejects with the
 * first error at once, and goes on.
 */
async function takeEach (...stages: Array<() => Work[]>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const errors = new Map<string, number>()
    async function attempt ({ sender, work }: Work): Promise<void> {
      // So many mean that the sender's server takes nothing.
      if ((errors.get(sender) ?? 0) >= CONCURRENCY) return
      await work().catch(error => {
        errors.set(sender, (errors.get(sender) ?? 0) + 1)
        reject(error)
      })
    }
    async function takeAll (): Promise<void> {
      for (const stage of stages) await inParallel(stage(), CONCURRENCY, attempt)
    }
    takeAll().then(resolve, reject)
  })
}

/** `nowMs`: when the notification came, by Redis's clock; null if it is not known. */
async function takeStatuses (deps: WebhookDeps, gate: Gate, sender: string, statuses: Status[], nowMs?: Promise<number | null>): Promise<void> {
  for (const status of statuses) {
    const result = await gate(async () => await takeOrPark(deps, sender, status))
    const at = await nowMs ?? null
    const lagMs = status.atMs === 0 || at === null ? null : Math.max(0, at - status.atMs)
    deps.events.emit('webhook.status', { sender, kind: status.kind, result, lagMs })
  }
}

/** Asks each sender's server for the time. One that does not answer delays no other sender, and takes no status either. */
function readClocks ({ store }: WebhookDeps, senders: readonly string[]): Map<string, Promise<number | null>> {
  return new Map(senders.map(sender => [sender, redisNowMs(store.redis, senderKey(store.prefix, sender, 'sender')).catch(() => null)]))
}

/** The preferences for each sender, in Meta's order. */
function bySender (notices: readonly Notice[]): Array<[sender: string, preferences: Notice['preferences']]> {
  const groups = new Map<string, Notice['preferences']>()
  for (const { sender, preferences } of notices) groups.set(sender, [...groups.get(sender) ?? [], ...preferences])
  return [...groups]
}

/** Statuses of a removed sender are processed while its data lives: WhatsApp reports on its last messages after it was removed. */
async function isAllowed ({ senders, store }: WebhookDeps, gate: Gate, { sender }: Notice, signer: string): Promise<boolean> {
  return senders.has(sender) ? mayReport(senders, sender, signer) : await gate(async () => await mayHaveSigned(store, sender, signer))
}

/** Statuses of one message are processed in Meta's order, those of different messages in parallel. */
function byMessage ({ sender, statuses }: Notice): Array<[sender: string, statuses: Status[]]> {
  const groups = new Map<string, Status[]>()
  for (const status of statuses) groups.set(status.wamid, [...groups.get(status.wamid) ?? [], status])
  return [...groups.values()].map(group => [sender, group])
}

function parse (deps: WebhookDeps, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    deps.events.emit('webhook.rejected', { reason: 'content' })
    throw new SluiceError('INVALID_REQUEST', { detail: 'the body is not valid JSON', cause })
  }
}
