import { SluiceError } from '../errors.js'
import { canonicalPerson } from '../recipient.js'
import type { Gate } from '../parallel.js'
import { createGate, inParallel } from '../parallel.js'
import { redisNowMs } from '../redis/server-clock.js'
import { senderKey } from '../redis/keys.js'
import { mayHaveSigned } from '../redis/known-senders.js'
import type { SenderRegistry } from '../sender-registry.js'
import { applyOrPark } from '../settlement/parked.js'
import type { ReceiptDeps, Status } from '../settlement/receipt.js'
import { resumeMarketing, stopMarketing } from '../throttle/opt-outs.js'
import { followCapability, followNumber, followRejection } from '../throttle/ceilings.js'
import { accountsOf, hintRead } from '../templates/poll.js'
import { writeActs, type Act } from './acts.js'
import { applyAccountChanges, type AccountDeps } from './apply-account.js'
import type { Notice, Preference } from './read.js'
import { readNotification } from './read.js'
import { relays } from './relay.js'
import { appSecretsOf, findSigner, mayReport } from './verify.js'

export interface WebhookDeps extends ReceiptDeps, AccountDeps {
  /** What the operator entered at Meta as well; '' allows no verification. */
  verifyToken: string
  senders: Pick<SenderRegistry, 'ids' | 'has' | 'settingsOf' | 'formerSecrets'>
  /** 0: limits of numbers are not read, and webhooks about them change nothing. */
  throughputPollMs: number
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
  const { notices: all, others, accounts, changes, numbers, capabilities } = readNotification(parse(deps, body))
  // An app that signs for one number must not report on another's messages.
  const checks = await inParallel(all, CONCURRENCY, async notice => await isAllowed(deps, gate, notice, signer).catch((error: Error) => error))
  const notices = all.filter((_, i) => checks[i] === true)
  // Meta does not repeat what got a 2xx, so that no status may be lost with the master.
  const written = [...new Set(notices.filter(({ statuses, acts }) => statuses.length + acts.length > 0).map(({ sender }) => sender))]
  const clocks = readClocks(deps, written)
  await processEach(
    () => all.flatMap(({ sender }, i) => {
      const check = checks[i]
      return check instanceof Error ? [{ sender, work: async () => await Promise.reject(check) }] : []
    }),
    () => notices.flatMap(byMessage).map(([sender, statuses]) =>
      ({ sender, work: async () => await applyStatuses(deps, gate, sender, statuses, clocks.get(sender)) })),
    () => deps.settlement.windowCheck === true ? recordWindows(deps, notices) : [],
    () => written.map(sender => ({ sender, work: async () => await deps.store.confirmReplicas(sender) })),
    () => bySender(notices).map(([sender, preferences]) => ({ sender, work: async () => await applyPreferences(deps, sender, preferences) })),
    () => accounts.filter(account => mayHint(deps, account, signer)).map(account =>
      ({ sender: '', work: async () => await hintRead(deps.store, account) })),
    () => applyAccountChanges(deps, changes, signer),
    () => notices.filter(({ isLimited }) => isLimited).map(({ sender }) => ({ sender, work: async () => await followRejection(deps.store, sender) })),
    () => numbers.map(change => ({ sender: '', work: async () => await followNumber(deps, mayChange(deps, change.account, signer), change) })),
    () => capabilities.map(({ account, dailyLimit }) =>
      ({ sender: '', work: async () => await followCapability(deps, mayChange(deps, account, signer), dailyLimit) })),
    () => deps.settlement.callbacksEnabled === true ? relays(deps, gate, body.toString(), others, signer) : []
  )
  return { statuses: notices.reduce((sum, { statuses }) => sum + statuses.length, 0) }
}

/** Whether the app that signed may sign for a sender of the account. */
function mayHint ({ senders }: WebhookDeps, account: string, signer: string): boolean {
  return accountsOf(senders).get(account)?.some(sender => mayReport(senders, sender, signer)) === true
}

/** The senders that a change of a number may be about: those of the account, or all where the account of none is known. */
function mayChange ({ senders }: WebhookDeps, account: string, signer: string): string[] {
  const named = accountsOf(senders).get(account) ?? senders.ids().filter(id => senders.settingsOf(id)?.accountId === null)
  return named.filter(sender => mayReport(senders, sender, signer))
}

/** A part of a notification. */
export interface Work { sender: string, work: () => Promise<void> }

/**
 * Processes the stages in order, and the parts of a stage in parallel. A failed part does not stop the next stage: Meta may not repeat a
 * notification before an unknown outcome is decided without its status, and the senders may be on other servers of a cluster. Rejects with the
 * first error at once, and goes on.
 */
async function processEach (...stages: Array<() => Work[]>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const errors = new Map<string, number>()
    async function attempt ({ sender, work }: Work): Promise<void> {
      // So many errors mean that the sender's server accepts no writes.
      if ((errors.get(sender) ?? 0) >= CONCURRENCY) return
      await work().catch(error => {
        errors.set(sender, (errors.get(sender) ?? 0) + 1)
        reject(error)
      })
    }
    async function processAll (): Promise<void> {
      for (const stage of stages) await inParallel(stage(), CONCURRENCY, attempt)
    }
    processAll().then(resolve, reject)
  })
}

/** `nowMs`: when the notification came, by Redis's clock; null if it is not known. */
async function applyStatuses (deps: WebhookDeps, gate: Gate, sender: string, statuses: Status[], nowMs?: Promise<number | null>): Promise<void> {
  for (const status of statuses) {
    const result = await gate(async () => await applyOrPark(deps, sender, status))
    const arrivedMs = await nowMs ?? null
    const lagMs = status.atMs === 0 || arrivedMs === null ? null : Math.max(0, arrivedMs - status.atMs)
    deps.events.emit('webhook.status', { sender, kind: status.kind, result, lagMs })
  }
}

/** Asks each sender's server for the time. One that does not respond delays no other sender, and takes no status either. */
function readClocks ({ store }: WebhookDeps, senders: readonly string[]): Map<string, Promise<number | null>> {
  return new Map(senders.map(sender => [sender, redisNowMs(store.redis, senderKey(store.prefix, sender, 'sender')).catch(() => null)]))
}

/** Records for each sender of a notification that webhooks come, and what people did. */
function recordWindows (deps: WebhookDeps, notices: readonly Notice[]): Work[] {
  const acts = new Map<string, Act[]>()
  for (const notice of notices) acts.set(notice.sender, [...acts.get(notice.sender) ?? [], ...notice.acts])
  return [...acts].map(([sender, found]) => ({ sender, work: async () => await recordActs(deps, sender, found) }))
}

async function recordActs ({ store, events }: WebhookDeps, sender: string, acts: readonly Act[]): Promise<void> {
  const reply = await store.run('record-windows', { sender }, { acts: writeActs(acts, store.nowMs(sender)) })
  if (reply.status === 'off') return
  if (acts.length > 0) events.emit('windows.recorded', { sender, acts: acts.length, released: reply.released })
  if (reply.isGap) events.emit('windows.lost', { sender })
}

/** The preferences for each sender, in Meta's order. */
function bySender (notices: readonly Notice[]): Array<[sender: string, preferences: Notice['preferences']]> {
  const groups = new Map<string, Notice['preferences']>()
  for (const { sender, preferences } of notices) groups.set(sender, [...groups.get(sender) ?? [], ...preferences])
  return [...groups]
}

/**
 * Applies the marketing preferences that people set in WhatsApp, in Meta's order. Queued marketing messages are closed at their ready time.
 */
async function applyPreferences (deps: WebhookDeps, sender: string, preferences: readonly Preference[]): Promise<void> {
  for (const { person, value, atMs } of preferences) {
    const recipient = canonicalPerson(person)
    if (recipient === null) continue
    const time = atMs === 0 ? {} : { atMs }
    if (value === 'stop') await stopMarketing(deps.store, sender, recipient, { by: 'whatsapp', reason: 'user_preferences', ...time })
    else await resumeMarketing(deps.store, sender, recipient, time.atMs)
    deps.events.emit('preference.received', { sender, preference: value })
  }
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

/**
 * Lenient, unlike for callers: Meta repeats a notification that is rejected, for days, and then drops it with all of its statuses. Bytes that are
 * not UTF-8 become U+FFFD, the last of two members of one name counts, and long numbers are rounded. None of these can name a message or sender.
 */
function parse (deps: WebhookDeps, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    deps.events.emit('webhook.rejected', { reason: 'content' })
    throw new SluiceError('INVALID_REQUEST', { detail: 'the body is not valid JSON', cause })
  }
}
