/** What the tests of callbacks share: settings, what a receiver got, and Meta's signed webhooks. */
import { createHmac } from 'node:crypto'
import { SENDER, type Node } from '../support/gateway.js'
import { CALLBACK_SECRET, type Receiver } from '../support/receiver.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

export const SECRET = 'app-secret-of-the-test'
export const quick = {
  CALLBACK_SECRET,
  CALLBACK_RETRY_MS: '50',
  WHATSAPP_APP_SECRET: SECRET,
  WHATSAPP_VERIFY_TOKEN: 'verify-me',
  WHATSAPP_RATE_LIMIT_MS: '50'
}

export const types = (receiver: Receiver, id: unknown): string[] => receiver.accepted(String(id)).map(({ type }) => type)

export async function waitForCallbacks (receiver: Receiver, id: unknown, ...wanted: string[]): Promise<void> {
  await until(
    `${wanted.join(', ')} of ${String(id)}`,
    () => types(receiver, id).length >= wanted.length && wanted.every(type => types(receiver, id).includes(type)),
    30_000
  )
}

export function sign (body: string): Record<string, string> {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`, 'content-type': 'application/json' }
}

export const postWebhook = async (node: Node, text: string): Promise<number> =>
  (await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body: text, headers: sign(text) })).status

export const statuses = (statuses: unknown[]): string =>
  JSON.stringify({ entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: SENDER }, statuses } }] }] })
