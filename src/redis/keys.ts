import { SluiceError } from '../errors.js'
import type { Client } from './client.js'

/**
 * Builds all keys of Redis. The keys of a sender share one hash tag, so that one script can use them all, and senders spread over a cluster.
 * lua/README.md says what each key holds.
 */

interface KeyPart { digest?: string | undefined, hour?: number | undefined, recipient?: string }

/**
 * `{wa:<sender>}:<name>`, or `{wa}:<name>` without a sender; the idempotency record is `{wa:<sender>}:msg:<digest>`, the look-up index
 * `{wa:<sender>}:index:<hours since the epoch by Redis's clock>`, as its part `accepted` and the counts `activity`, a pair's run of starts
 * `{wa:<sender>}:starts:<recipient>`.
 */
export function senderKey (prefix: string, sender: string, name: string, part?: KeyPart): string {
  const key = sender === '' ? `{${prefix}}:${name}` : `{${prefix}:${sender}}:${name}`
  if (name === 'msg') return `${key}:${part?.digest ?? ''}`
  if (name === 'starts') return `${key}:${part?.recipient ?? ''}`
  return isByHour(name) ? `${key}:${part?.hour ?? ''}` : key
}

/** Whether a key depends on the message, and not on the sender alone. */
export function isOwn (name: string): boolean {
  return name === 'msg' || name === 'starts'
}

/** Whether there is a key for each hour. */
export function isByHour (name: string): boolean {
  return name === 'index' || name === 'accepted' || name === 'activity'
}

/** Hours since the epoch of a moment in ms. */
export function hourOf (ms: number): number {
  return Math.floor(ms / 3_600_000)
}

type GlobalName =
  | 'layout' | 'recovery-lease' | 'recovery-schedule' | 'runs' | 'retry-worker' | 'senders' | 'wake' | 'callback-wake' | 'audit' | 'probe'
  | 'replica-mark' | 'account-reads' | 'accounts' | 'caller-tat' | 'portfolios'

/** Keys of the gateway as a whole: `{wa}:<name>`. */
export function globalKey (prefix: string, name: GlobalName): string {
  return `{${prefix}}:${name}`
}

/** BullMQ's prefix of its own keys. */
export function queuePrefix (prefix: string): string {
  return `{${prefix}}`
}

/*
 * Bounds of keys that are not settings (lua/README.md#owners-and-bounds). Their writers pass them to scripts, and the doctor compares.
 */

/** FAILED, and RESOLVED, failures of a sender, whatever the retention. */
export const FAILURES_CAP = 100_000
/** Parked statuses of a sender. Above it the one that was tried most often is dropped. */
export const PARKED_CAP = 100_000
/** Dead letters of a sender. */
export const DEAD_LETTERS_CAP = 1000
/** Entries of the audit trail, about; older ones are in the log. */
export const AUDIT_CAP = 10_000

/** The id of a message in the API: `<sender>.<digest>.<generation>`. Within its sender it is `<digest>.<generation>`. */
export function publicId (sender: string, id: string): string {
  return `${sender}.${id}`
}

/** The parts of a public id; null if it has another form. */
export function parseId (text: string): { sender: string, digest: string, id: string } | null {
  const match = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{22})\.([0-9a-f]{8,14})$/.exec(text)
  if (match === null) return null
  const [, sender = '', digest = '', generation = ''] = match
  return { sender, digest, id: `${digest}.${generation}` }
}

/** The digest part of an id within its sender. */
export function digestOf (id: string): string {
  return id.slice(0, id.lastIndexOf('.'))
}

/** When a message was admitted, ms since the epoch by Redis's clock; part of its id. */
export function admittedAt (id: string): number {
  return parseInt(id.slice(id.lastIndexOf('.') + 1), 16)
}

/**
 * Version of the data layout that this code reads and writes; lua/README.md describes it. It increases where older code would misread or
 * damage the data of newer code. A new key or field that older code ignores is no reason. See docs/upgrading.md.
 */
export const LAYOUT = 3

/** Claims the layout before anything else is written. Throws LAYOUT_NEWER, and has written nothing, on data of a newer layout. */
export async function claimLayout (redis: Client, prefix: string): Promise<void> {
  const found = await writeLayout(redis, prefix)
  if (found <= LAYOUT) return
  const advice = 'start the version that wrote it, or a newer one (docs/upgrading.md)'
  throw new SluiceError('LAYOUT_NEWER', { detail: `the data in Redis has layout ${found}, and this version knows ${LAYOUT}: ${advice}` })
}

/** Writes the layout where none or an older one is stored, and returns the stored one. Repeated, since Redis may be emptied. */
export async function writeLayout (redis: Client, prefix: string): Promise<number> {
  const key = globalKey(prefix, 'layout')
  const found = Number(await redis.set(key, LAYOUT, 'NX', 'GET') ?? LAYOUT)
  if (found < LAYOUT) await redis.set(key, LAYOUT)
  return found
}
