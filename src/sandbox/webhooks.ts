import { createHmac, randomUUID } from 'node:crypto'
import { backoffMs } from '../values/backoff.js'
import { describeCode } from './codes.js'
import type { Settings } from './settings.js'

/** An accepted message whose statuses are to be posted. */
export interface FollowedMessage {
  sender: string
  wamid: string
  /** `biz_opaque_callback_data` */
  opaque: string | null
  /** Digits, a user id or a group id. */
  recipientId: string
  /** Meta's code if the message fails later. */
  failsWith: number | null
}

/** Signed status webhooks, as Meta posts them: batched, possibly repeated and out of order, and retried until they are accepted. */
export interface Webhooks {
  /** Schedules the statuses of a message, if a URL is set. */
  follow: (message: FollowedMessage) => void
  /** Signs any body and posts it once. Returns the HTTP status; null without a response. */
  post: (body: unknown) => Promise<number | null>
  /** `posts` and `rejected` count requests; `statuses`, `accepted` and `givenUp` count statuses. */
  counts: () => Readonly<{ posts: number, statuses: number, accepted: number, rejected: number, givenUp: number }>
  close: () => void
}

type Status = Record<string, unknown>

/** Meta's limit for one post. */
const MAX_STATUSES_PER_POST = 1000
/** Meta retries for up to 7 days; the sandbox retries for about 50 s. */
const TRIES = 8
const BACKOFF = { firstMs: 500, longestMs: 60_000 }
const TIMEOUT_MS = 10_000

export function createWebhooks (settings: Settings): Webhooks {
  const counts = { posts: 0, statuses: 0, accepted: 0, rejected: 0, givenUp: 0 }
  const timers = new Set<NodeJS.Timeout>()
  const batches = new Map<string, Status[]>()
  let isClosed = false

  function later (delayMs: number, run: () => void): void {
    if (isClosed) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, delayMs)
    timers.add(timer)
  }

  /** Collects the statuses of `webhookBatchMs`, as Meta does under load. */
  function enqueue (sender: string, status: Status): void {
    const batch = batches.get(sender)
    if (batch !== undefined) batch.push(status)
    else {
      batches.set(sender, [status])
      later(settings.webhookBatchMs, () => { flush(sender) })
    }
  }

  function flush (sender: string): void {
    const statuses = batches.get(sender) ?? []
    batches.delete(sender)
    for (let from = 0; from < statuses.length; from += MAX_STATUSES_PER_POST) {
      deliver(sender, statuses.slice(from, from + MAX_STATUSES_PER_POST), 1)
    }
  }

  function deliver (sender: string, statuses: Status[], tries: number): void {
    post(envelope(settings.accountId, sender, statuses)).then(status => {
      if (status === 200) counts.accepted += statuses.length
      else if (tries < TRIES) later(backoffMs(tries - 1, BACKOFF), () => { deliver(sender, statuses, tries + 1) })
      else counts.givenUp += statuses.length
    }, () => undefined)
    counts.statuses += statuses.length
  }

  async function post (body: unknown): Promise<number | null> {
    const { webhookUrl, webhookSecret } = settings
    if (webhookUrl === null || isClosed) return null
    const text = escapedJson(body)
    const signature = createHmac('sha256', webhookSecret).update(text).digest('hex')
    counts.posts++
    try {
      const response = await fetch(webhookUrl, {
        method: 'POST',
        body: text,
        headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
        signal: AbortSignal.timeout(TIMEOUT_MS)
      })
      await response.arrayBuffer()
      if (response.status !== 200) counts.rejected++
      return response.status
    } catch {
      counts.rejected++
      return null
    }
  }

  return {
    follow (message) {
      if (settings.webhookUrl === null) return
      const steps = message.failsWith === null ? ['sent', 'delivered', 'read'] : ['failed']
      const delays = [settings.webhookSentMs, settings.webhookDeliveredMs, settings.webhookReadMs]
      steps.forEach((step, i) => {
        const delayMs = delays[settings.webhookBackwards ? steps.length - 1 - i : i] ?? null
        if (delayMs === null) return
        const status = createStatus(message, step, settings.webhookOpaque)
        for (let n = 0; n < settings.webhookCopies; n++) later(delayMs, () => { enqueue(message.sender, status) })
        for (let n = 0; n < settings.webhookStrangers; n++) later(delayMs, () => { enqueue(message.sender, ofUnknownMessage(status)) })
      })
    },
    post,
    counts: () => counts,
    close () {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
    }
  }
}

function envelope (account: string, sender: string, statuses: Status[]): unknown {
  const metadata = { display_phone_number: '15550783881', phone_number_id: sender }
  const value = { messaging_product: 'whatsapp', metadata, statuses }
  return { object: 'whatsapp_business_account', entry: [{ id: account, changes: [{ field: 'messages', value }] }] }
}

function createStatus ({ wamid, recipientId, opaque, failsWith }: FollowedMessage, status: string, withOpaque: boolean): Status {
  return {
    id: wamid,
    status,
    timestamp: String(Math.floor(Date.now() / 1000)),
    recipient_id: recipientId,
    ...(withOpaque && opaque !== null ? { biz_opaque_callback_data: opaque } : {}),
    ...(failsWith === null ? {} : { errors: [createError(failsWith, recipientId)] })
  }
}

function createError (code: number, recipientId: string): object {
  const { title } = describeCode(code)
  return { code, title, message: title, error_data: { details: `${title} – för ${recipientId}` } }
}

/** The status of an unknown message: another system may send from the same number. */
function ofUnknownMessage (status: Status): Status {
  return { ...status, id: `wamid.${Buffer.from(randomUUID()).toString('base64')}`, biz_opaque_callback_data: undefined }
}

/** Meta signs and sends JSON in which slashes and all characters outside ASCII are escaped. */
function escapedJson (body: unknown): string {
  return JSON.stringify(body).replaceAll('/', '\\/')
    .replace(/[^\0-~]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
