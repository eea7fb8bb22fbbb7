/** No response of the dashboard's API names the recipient of a message, or its text. */
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { openBoard, queued, still } from './support.js'

const environment = await createTestEnvironment(t)

/** Retried, FAILED, in flight, sent, waiting: each a number of its own. */
const RETRYING = '+15562131000'
const UNDELIVERABLE = '+15560131026'
const SLOW = '+15557050010'
const FREE = '+15553579246'
const BEHIND = '+15553579247'
const all = [RETRYING, UNDELIVERABLE, SLOW, FREE, BEHIND]
const SECRET = 'Zaubernuss'

await t.test('no response contains a recipient, a text, a key, a value of the metadata, or an id that names the recipient', async t => {
  const node = await environment.start(t, { ...still, INLINE_WAIT_MS: '0' })
  const board = openBoard(node)
  const more = (to: string): Record<string, unknown> => ({ metadata: { order: `${SECRET} ${to}`, campaign: SECRET } })
  const ids: string[] = []
  for (const to of all) ids.push((await node.send(to, `${SECRET} for ${to}`, more(to))).body.id)
  ids.push((await node.send(BEHIND, `${SECRET} again`, { ...more(BEHIND), idempotencyKey: `order-${BEHIND}` })).body.id)
  ids.push((await node.send(FREE, { type: 'text', text: { body: SECRET } }, { type: 'text', scheduledFor: Date.now() + 60_000 })).body.id)
  ids.push((await node.send('+15553579249', SECRET, more('+15553579249'), queued)).body.id)

  const responses: string[] = []
  const openPage = async (path: string): Promise<void> => { responses.push(JSON.stringify((await board.get(path)).body)) }
  const queues = ['WHATSAPP', 'WHATSAPP-drain', 'WHATSAPP-retry', 'WHATSAPP-housekeeping', 'WHATSAPP-bulk']
  for (const queue of queues) {
    for (const status of ['latest', 'waiting', 'active', 'delayed', 'paused', 'failed', 'completed']) {
      await openPage(`/api/queues?activeQueue=${queue}&status=${status}&page=1&jobsPerPage=50`)
    }
    for (const part of ['metrics', 'default-job-options', 'workers', 'rate-limit', 'job-data-schema']) await openPage(`/api/queues/${queue}/${part}`)
  }
  for (const id of ids) {
    for (const part of ['', '/logs', '/flow']) await openPage(`/api/queues/WHATSAPP/${id}${part}`)
  }
  await node.post(`/senders/${SENDER}/pause`)
  await openPage('/api/queues?activeQueue=WHATSAPP&status=paused&page=1&jobsPerPage=50')
  await openPage('/api/job-schedulers')

  const text = responses.join('\n')
  t.ok(ids.every(id => text.includes(id)), 'the responses contain every message')
  const holds = (part: string): boolean => text.includes(part)
  t.ok(holds('"recipient":"…47"'), 'the last two digits are shown')
  t.ok(holds('"metadata":["order","campaign"]'), "and the metadata's keys")
  t.notOk(holds(SECRET))
  t.notOk(holds('wamid'), "Meta's ids have the recipient in them")
  // The numbers that fail end in the code that they fail with.
  for (const to of [FREE, BEHIND]) t.notOk(holds(to.slice(-6)), to)
  for (const to of all) t.notOk(holds(to.slice(1, 8)), to)
})
