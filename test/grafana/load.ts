/** Causes everything that a dashboard can show, by requests to a real gateway. */
import type { Harness } from '../sandbox/support.js'
import type { Node } from '../support/gateway.js'
import { fetchWithRetry, type Reply } from '../support/request.js'
import { pass, until } from '../support/until.js'

/** Three senders: 111 works, 222 is paused by an operator, 333 is stopped by WhatsApp. */
export const senders = ['111', '222', '333']

/** Signs the sandbox's webhooks. */
const SECRET = 'app-secret-of-the-panels'

/** Retries after half a second, and so on: what takes hours takes seconds. The sandbox stands in for WhatsApp. */
export function env (file: string): Record<string, string> {
  return {
    WHATSAPP_SENDERS_FILE: file,
    WHATSAPP_ACCESS_TOKEN: '',
    SANDBOX: 'true',
    WHATSAPP_APP_SECRET: SECRET,
    WHATSAPP_VERIFY_TOKEN: 'verify',
    // Shorter than the first retry delay: else the retry would be queued.
    WHATSAPP_RATE_LIMIT_MS: '400',
    WHATSAPP_RETRY_SCHEDULE_MS: '500,1000',
    WHATSAPP_RETRY_INTERVAL_MS: '500',
    SEND_TIMEOUT_MS: '500',
    UNKNOWN_HOLD_MS: '500',
    // Most attempts of the first sender fail, all the time.
    CIRCUIT_RECIPIENTS: '0'
  }
}

/** Traffic until `isOver`, four times a second: news, queues, repeats, mistakes, refusals, every fault of WhatsApp's. */
export async function drive (node: Node, isOver: () => boolean): Promise<void> {
  const lanes = ['urgent', 'normal', 'bulk']
  for (let i = 0; !isOver(); i++) {
    const priority = lanes[i % 3]
    const fresh = String(i).padStart(4, '0')
    const keyed = { 'idempotency-key': 'once' }
    await Promise.all([
      node.send(`+1555000${fresh}`, `news ${i}`, { priority }),
      ...[1, 2, 3].map(async k => await node.send('+15550009001', `line ${i} ${k}`, { priority }, { prefer: 'respond-async' })),
      node.send('+15550009002', 'once', {}, keyed),
      node.send('+15550009003', 'twice', { idempotencyKey: 'field' }),
      node.send('+15550009004', 'thrice'),
      node.send('+15550009001', `not later ${i}`, { whenLimited: 'reject' }),
      node.send('+15550009002', `another text ${i}`, {}, keyed),
      node.send('not a number', 'mistake'),
      // Fails and is then sent; fails every time; is refused for good; too fast; no outcome; no response though taken.
      node.send(`+15561131000${fresh}`, 'passing', {}, { prefer: 'respond-async' }),
      node.send(`+15560131000${fresh}`, 'lasting', {}, { prefer: 'respond-async' }),
      node.send(`+15560131026${fresh}`, 'undeliverable', {}, { prefer: 'respond-async' }),
      node.send(`+15560131056${fresh}`, 'pair limit', { expiresInMs: 2000 }, { prefer: 'respond-async' }),
      node.send(`+1555602${String(i % 1000).padStart(3, '0')}0`, 'no outcome', {}, { prefer: 'respond-async' }),
      node.send(`+1555840${String(i % 1000).padStart(3, '0')}0`, 'no response', { onUnknown: 'fail' }, { prefer: 'respond-async' })
    ])
    await pass(250)
  }
}

/** Repeats a request until the response is no error of the node itself: on a busy machine it may reject callers. */
export async function retryWhileUnavailable (ask: () => Promise<Reply>): Promise<Reply> {
  return await until('a response', async () => {
    const reply = await ask()
    return reply.status < 500 && reply
  }, 60_000)
}

/** Operators' actions, and single events: a pause, a stop, a schedule, a cancelled message, a retry worker that is stopped until a scrape. */
export async function operate (node: Node, isScraped: () => Promise<void>): Promise<void> {
  const post = async (path: string, body?: unknown): Promise<Reply> => await retryWhileUnavailable(async () => await node.post(path, body))
  const send = async (to: string, text: string, more: Record<string, unknown>): Promise<Reply> =>
    await retryWhileUnavailable(async () => await node.send(to, text, more))
  await post('/senders/222/pause', {})
  for (let i = 0; i < 5; i++) await send(`+1555000800${i}`, 'behind a pause', { sender: '222' })
  await send('+15560000190', 'a dead token', { sender: '333' })
  for (let i = 0; i < 5; i++) await send(`+1555000801${i}`, 'behind a stop', { sender: '333' })
  await send('+15550008020', 'later', { scheduledFor: Date.now() + 3_600_000 })
  const { body: { id } } = await send('+15550008021', 'never', { scheduledFor: Date.now() + 3_600_000 })
  await retryWhileUnavailable(async () => await node.del(`/messages/${id}`))
  await retryWhileUnavailable(async () => await node.del('/rate-limits/+15550009001'))
  await fetchWithRetry(`${node.origin}/webhooks/whatsapp`, { method: 'POST', headers: { 'x-hub-signature-256': 'sha256=00' }, body: '{}' })
  await retryWhileUnavailable(async () => await node.put('/senders/111/quota', { perSecond: 200, maxInFlight: 400 }))
  await until('messages that were given up', async () => (await node.get('/failures?status=FAILED')).body.failures?.length > 3, 60_000)
  await post('/failures/acknowledge', { limit: 1 })
  await post('/workers/retry/stop')
  await isScraped()
  await post('/workers/retry/start')
  await post('/failures/retry', { limit: 5 })
  await post('/senders/222/resume')
}

/** The sandbox sends webhooks with the statuses of messages. */
export async function enableStatuses (sandbox: Harness, node: Node): Promise<void> {
  await sandbox.control('PUT', 'settings', {
    webhookUrl: `${node.origin}/webhooks/whatsapp`,
    webhookSecret: SECRET,
    webhookDeliveredMs: 200,
    webhookReadMs: 400
  })
}

/** A person writes to the first sender, which is relayed. */
export async function writeIn (sandbox: Harness): Promise<void> {
  await sendWebhook(sandbox, { messages: [{ from: '15550009009', id: 'wamid.IN', timestamp: '1750030073', type: 'text', text: { body: 'Hello?' } }] })
}

/** The first violation: WhatsApp reports that it accepted a sent message under a second id as well. */
export async function reportDouble (sandbox: Harness, node: Node): Promise<void> {
  const { body: { id } } = await retryWhileUnavailable(async () => await node.send('+15550009600', 'taken twice'))
  await until('it is sent', async () => /^(sent|delivered|read)$/.test((await node.get(`/messages/${id}`)).body.status), 60_000)
  const timestamp = String(Math.floor(Date.now() / 1000))
  await sendWebhook(sandbox, {
    statuses: [
      {
        id: 'wamid.ANOTHER',
        status: 'sent',
        timestamp,
        recipient_id: '15550009600',
        biz_opaque_callback_data: `${String(id).replace(/^111\./, '')}.1`
      }
    ]
  })
}

/** The second violation: pairs whose bucket is removed between two sends, until one came too early. Returns the ids of all of them. */
export async function removePairRates (
  node: Node,
  forget: (recipient: string) => Promise<unknown>,
  hasHappened: () => boolean
): Promise<Set<string>> {
  const ids = new Set<string>()
  let number = 15550009500
  await until('a send that came too early', async () => {
    const to = number++
    ids.add((await retryWhileUnavailable(async () => await node.send(`+${to}`, 'in time', { priority: 'urgent' }))).body.id)
    await forget(`p${to}`)
    ids.add((await retryWhileUnavailable(async () => await node.send(`+${to}`, 'too soon', { priority: 'urgent' }))).body.id)
    return hasHappened()
  }, 60_000)
  return ids
}

async function sendWebhook (sandbox: Harness, value: Record<string, unknown>): Promise<void> {
  const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata: { phone_number_id: '111' }, ...value } }
  await sandbox.control('POST', 'webhooks', { object: 'whatsapp_business_account', entry: [{ id: '1', changes: [change] }] })
}

/** The second sender is drained again while WhatsApp fails three times. */
export async function breakWhatsApp (sandbox: Harness): Promise<void> {
  await sandbox.control('POST', 'faults', { recipient: '*', sender: '222', kind: 'status', httpStatus: 503, times: 3 })
}
