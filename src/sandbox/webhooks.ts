/** What Meta calls back: signed statuses of messages, told late, twice, in any order and again where they were not taken. */

import { createHmac, randomUUID } from 'node:crypto'
import { describeCode } from './codes.js'
import type { Settings } from './settings.js'

/** A message that was accepted, and what is to become of it. */
export interface Followed {
  sender: string
  wamid: string
  /** `biz_opaque_callback_data` */
  opaque: string | null
  /** Digits, a user id or a group. */
  recipient: string
  /** Meta's code, if it fails after all. */
  failsWith: number | null
}

export interface Webhooks {
  /** Tells of the message from now on, where a URL is set. */
  follow: (message: Followed) => void
  /** Signs any body and posts it once. The status that came back; null if none did. */
  post: (body: unknown) => Promise<number | null>
  counts: () => Readonly<{ posts: number, statuses: number, taken: number, refused: number, givenUp: number }>
  close: () => void
}

type Status = Record<string, unknown>

/** Meta posts at most so many updates at once. */
const PER_POST = 1000
/** Meta repeats for up to 7 days; here it is told until the gateway must have come back. */
const TRIES = 8
const PATIENCE_MS = 10_000

export function createWebhooks (settings: Settings): Webhooks {
  const counts = { posts: 0, statuses: 0, taken: 0, refused: 0, givenUp: 0 }
  const timers = new Set<NodeJS.Timeout>()
  const waiting = new Map<string, Status[]>()
  let isClosed = false

  function later (delayMs: number, work: () => void): void {
    if (isClosed) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, delayMs)
    timers.add(timer)
  }

  /** Collected for a moment, as Meta does when there is much to tell. */
  function tell (sender: string, status: Status): void {
    const batch = waiting.get(sender)
    if (batch !== undefined) batch.push(status)
    else {
      waiting.set(sender, [status])
      later(settings.webhookBatchMs, () => { flush(sender) })
    }
  }

  function flush (sender: string): void {
    const statuses = waiting.get(sender) ?? []
    waiting.delete(sender)
    for (let from = 0; from < statuses.length; from += PER_POST) deliver(sender, statuses.slice(from, from + PER_POST), 1)
  }

  function deliver (sender: string, statuses: Status[], tried: number): void {
    post(envelope(sender, statuses)).then(status => {
      if (status === 200) counts.taken += statuses.length
      else if (tried < TRIES) later(250 * 2 ** tried, () => { deliver(sender, statuses, tried + 1) })
      else counts.givenUp += statuses.length
    }, () => undefined)
    counts.statuses += statuses.length
  }

  async function post (body: unknown): Promise<number | null> {
    const { webhookUrl, webhookSecret } = settings
    if (webhookUrl === null || isClosed) return null
    const bytes = escaped(body)
    counts.posts++
    try {
      const response = await fetch(webhookUrl, {
        method: 'POST',
        body: bytes,
        headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${createHmac('sha256', webhookSecret).update(bytes).digest('hex')}` },
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      await response.arrayBuffer()
      if (response.status !== 200) counts.refused++
      return response.status
    } catch {
      counts.refused++
      return null
    }
  }

  return {
    follow (message) {
      if (settings.webhookUrl === null) return
      const steps = message.failsWith === null ? ['sent', 'delivered', 'read'] : ['failed']
      const moments = [settings.webhookSentMs, settings.webhookDeliveredMs, settings.webhookReadMs]
      steps.forEach((step, at) => {
        const delayMs = moments[settings.webhookBackwards ? steps.length - 1 - at : at] ?? null
        if (delayMs === null) return
        const status = describe(message, step, settings.webhookOpaque)
        for (let copy = 0; copy < settings.webhookCopies; copy++) later(delayMs, () => { tell(message.sender, status) })
        for (let stranger = 0; stranger < settings.webhookStrangers; stranger++) later(delayMs, () => { tell(message.sender, strangerOf(status)) })
      })
    },
    post,
    counts: () => counts,
    close () {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function envelope (sender: string, statuses: Status[]): unknown {
  const value = { messaging_product: 'whatsapp', metadata: { display_phone_number: '15550783881', phone_number_id: sender }, statuses }
  return { object: 'whatsapp_business_account', entry: [{ id: '102290129340398', changes: [{ field: 'messages', value }] }] }
}

function describe ({ wamid, recipient, opaque, failsWith }: Followed, status: string, withOpaque: boolean): Status {
  const known = failsWith === null ? null : describeCode(failsWith)
  return {
    id: wamid,
    status,
    timestamp: String(Math.floor(Date.now() / 1000)),
    recipient_id: recipient,
    ...(withOpaque && opaque !== null ? { biz_opaque_callback_data: opaque } : {}),
    ...(known === null ? {} : { errors: [{ code: failsWith, title: known.title, message: known.title, error_data: { details: `${known.title} – för ${recipient}` } }] }),
  }
}

/** The same of another message, as it comes where others send from the number too. */
function strangerOf (status: Status): Status {
  return { ...status, id: `wamid.${Buffer.from(randomUUID()).toString('base64')}`, biz_opaque_callback_data: undefined }
}

/** Meta signs and sends text with everything outside ASCII escaped, and slashes too. */
function escaped (body: unknown): string {
  return JSON.stringify(body).replaceAll('/', '\\/').replace(/[^\0-~]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
