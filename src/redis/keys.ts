/**
 * Builds all keys of Redis. The keys of a sender share one hash tag, so that one script can use them all, and senders spread over a cluster.
 * lua/README.md says what each key holds.
 */

interface KeyPart { digest?: string | undefined, hour?: number, recipient?: string }

/**
 * `{wa:<sender>}:<name>`, or `{wa}:<name>` without a sender; the idempotency record is `{wa:<sender>}:msg:<digest>`, the look-up index
 * `{wa:<sender>}:recent:<hours since the epoch>`, a pair's run of starts `{wa:<sender>}:starts:<recipient>`.
 */
export function senderKey (prefix: string, sender: string, name: string, part?: KeyPart): string {
  const key = sender === '' ? `{${prefix}}:${name}` : `{${prefix}:${sender}}:${name}`
  if (name === 'msg') return `${key}:${part?.digest ?? ''}`
  if (name === 'starts') return `${key}:${part?.recipient ?? ''}`
  // By this node's clock, which is exact enough: the hour only selects a part of the index, and a look-up reads the neighbouring hours too.
  return name === 'recent' ? `${key}:${part?.hour ?? hourNow()}` : key
}

/** Whether a key depends on the message, and not on the sender alone. */
export function isOwn (name: string): boolean {
  return name === 'msg' || name === 'starts'
}

/** Hours since the epoch by this node's clock. */
export function hourNow (): number {
  return hourOf(Date.now())
}

/** Hours since the epoch of a moment in ms. */
export function hourOf (ms: number): number {
  return Math.floor(ms / 3_600_000)
}

type GlobalName =
  | 'layout' | 'recovery-lease' | 'recovery-schedule' | 'runs' | 'retry-worker' | 'senders' | 'wake' | 'callback-wake' | 'audit' | 'probe'
  | 'replica-mark'

/** Keys of the gateway as a whole: `{wa}:<name>`. */
export function globalKey (prefix: string, name: GlobalName): string {
  return `{${prefix}}:${name}`
}

/** BullMQ's prefix of its own keys. */
export function queuePrefix (prefix: string): string {
  return `{${prefix}}`
}

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
