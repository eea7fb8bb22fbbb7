/** Webhooks of WhatsApp in the matrix, as WhatsApp sends them. */
import { createHmac } from 'node:crypto'
import type { MessageRequest } from '../prove/caller.js'
import { monotonicNow } from '../prove/history.js'
import { request } from '../support/request.js'
import { pass, until } from '../support/until.js'
import type { Stage } from './stage.js'

/** Settings of a gateway that accepts webhooks. */
export const HOOKS = { WHATSAPP_APP_SECRET: 'app-secret-of-the-matrix', WHATSAPP_VERIFY_TOKEN: 'verify-me' }

/** The WhatsApp Business account of a cell's sender. */
export const accountOf = (sender: string): string => `1${sender}`

/** Meta says later that it could not deliver a message. */
export async function bounce (stage: Stage, { key }: MessageRequest): Promise<void> {
  const { caller, origin, record, sender } = stage
  const { body } = await caller.ask(origin(), 'GET', `/messages/${key}?sender=${sender}`)
  if (body['status'] !== 'sent') return
  const opaque = `${String(body['id']).slice(sender.length + 1)}.${body['attemptCount']}`
  const status = {
    id: body['providerMessageId'],
    status: 'failed',
    timestamp: String(Math.floor(Date.now() / 1000)),
    biz_opaque_callback_data: opaque,
    errors: [{ code: 131000, title: 'Something went wrong' }]
  }
  record({ fact: 'bounced', at: monotonicNow(), key, opaque })
  await notify(stage, '1', 'messages', { metadata: { phone_number_id: sender }, statuses: [status] })
}

/** A person writes to the number. */
export async function write (stage: Stage, to: string): Promise<void> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const message = { from: to, id: `wamid.in.${stage.round}.${to}`, timestamp, type: 'text', text: { body: 'hi' } }
  await notify(stage, '1', 'messages', { metadata: { phone_number_id: stage.sender }, contacts: [{ wa_id: to }], messages: [message] })
}

/** Meta orders a restriction of an hour. */
export async function restrict (stage: Stage, type: string): Promise<void> {
  const end = Math.floor(Date.now() / 1000) + 3600
  await notify(stage, accountOf(stage.sender), 'account_update', {
    event: 'ACCOUNT_RESTRICTION', restriction_info: [{ restriction_type: type, expiration: end }]
  })
}

/** A webhook as WhatsApp sends it: repeated until a node accepts it. */
async function notify ({ origin, origins }: Stage, account: string, field: string, value: object): Promise<void> {
  const text = JSON.stringify({ entry: [{ id: account, changes: [{ field, value }] }] })
  const headers = {
    'content-type': 'application/json',
    'x-hub-signature-256': `sha256=${createHmac('sha256', HOOKS.WHATSAPP_APP_SECRET).update(text).digest('hex')}`
  }
  await until(
    'the webhook is accepted',
    async () => {
      const [n = origin()] = origins()
      const reply = await request(`${n}/webhooks/whatsapp`, { method: 'POST', body: text, headers, signal: AbortSignal.timeout(1500) }).catch(
        () => null
      )
      if (reply?.status !== 200) await pass(200)
      return reply?.status === 200
    },
    60_000
  )
}
