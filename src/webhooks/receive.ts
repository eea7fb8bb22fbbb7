import { timingSafeEqual, createHash } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { Gate } from '../parallel.js'
import { createGate, inParallel } from '../parallel.js'
import { redisNowMs } from '../redis/time.js'
import { takeOrPark } from '../settlement/parked.js'
import type { ReceiptDeps, Status } from '../settlement/receipt.js'
import type { Notice } from './read.js'
import { readNotification } from './read.js'
import { takePreferences } from './preferences.js'
import { relay } from './relay.js'
import { findSigner } from './signature.js'

export interface WebhookDeps extends ReceiptDeps {
  /** What the operator typed into Meta's form; '' answers no verification. */
  verifyToken: string
  /** Secrets of the Meta apps that may sign for a sender; none for a sender that nobody here knows. */
  appSecretsOf: (sender: string) => readonly string[]
  /** Phone number ids of all that are served, the default one first. */
  senders: readonly string[]
  /** All of them, each once. */
  appSecrets: () => readonly string[]
}

/**
 * Messages and changes that a node takes at once, over all posts: Meta posts concurrently, a thousand updates each, and with more under way
 * each command waits for all the others' turn in this process, on a slow or just started one until it times out.
 */
const AT_ONCE = 20

/** Takes a notification by its bytes and signature. */
export type Receive = (body: Buffer, signature: string | undefined) => Promise<{ statuses: number }>

/** Meta's question whether this is the right place. True only for the token that both sides were given. */
export function isVerified (deps: WebhookDeps, mode: string | undefined, token: string | undefined): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const isToken = timingSafeEqual(digest(token ?? ''), digest(deps.verifyToken))
  return mode === 'subscribe' && deps.verifyToken !== '' && isToken
}

/**
 * What takes notifications of Meta's to the messages that they are about. When it returns, all of one is in Redis. Throws
 * WEBHOOK_SIGNATURE where no app secret signed these bytes, INVALID_REQUEST for what is no JSON, UNAVAILABLE where Redis could
 * not take all: Meta tells it again then, and what was taken already is known.
 */
export function createReceive (deps: WebhookDeps): Receive {
  const gate = createGate(AT_ONCE)
  return async (body, signature) => await receive(deps, gate, body, signature)
}

async function receive (deps: WebhookDeps, gate: Gate, body: Buffer, signature: string | undefined): ReturnType<Receive> {
  const signer = findSigner(body, signature, deps.appSecrets())
  if (signer === null) {
    deps.events.emit('webhook.rejected', { why: 'signature' })
    throw new SluiceError('WEBHOOK_SIGNATURE')
  }
  // An app that signs for one number must not speak of another's messages.
  const { notices: all, others } = readNotification(parse(deps, body))
  if (deps.settlement.callbacksEnabled === true) await relay(deps, gate, body.toString(), others, signer)
  const notices = all.filter(({ sender }) => deps.appSecretsOf(sender).includes(signer))
  const nowMs = await redisNowMs(deps.store.redis)
  await inParallel(notices.flatMap(byMessage), AT_ONCE, async ([sender, statuses]) => {
    for (const status of statuses) {
      const became = await gate(async () => await takeOrPark(deps, sender, status))
      deps.events.emit('webhook.status', { sender, kind: status.kind, became, lagMs: status.atMs === 0 ? null : Math.max(0, nowMs - status.atMs) })
    }
  })
  for (const { sender, preferences } of notices) await takePreferences(deps, sender, preferences)
  return { statuses: notices.reduce((sum, { statuses }) => sum + statuses.length, 0) }
}

/** What is about one message goes one after the other, in Meta's order. */
function byMessage ({ sender, statuses }: Notice): Array<[sender: string, statuses: Status[]]> {
  const groups = new Map<string, Status[]>()
  for (const status of statuses) groups.set(status.wamid, [...groups.get(status.wamid) ?? [], status])
  return [...groups.values()].map(group => [sender, group])
}

function parse (deps: WebhookDeps, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    deps.events.emit('webhook.rejected', { why: 'content' })
    throw new SluiceError('INVALID_REQUEST', { detail: 'the body is no valid JSON', cause })
  }
}
