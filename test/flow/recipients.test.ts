/** A message goes to the recipient whose pair rate was checked, and to no other: a message object cannot name one of its own. */
import t from 'tap'
import { post as postGraph, text } from '../graph/support.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys } from '../support/gateway.js'

const environment = await createTestEnvironment(t, longStartWindow)
const USER = 'US.13491208655302741918'
const body = { type: 'text', text: { body: 'Hello' } }

await t.test('a message object that names another recipient is rejected, alone and in a batch', async t => {
  const app = (await environment.start(t)).as(keys.app)
  const cases: Array<[request: Record<string, unknown>, member: string]> = [
    [{ recipient: USER, message: { ...body, to: '+15550008001' } }, 'to'],
    [{ recipient: USER, message: { ...body, recipient: 'US.13491208655302741919' } }, 'recipient'],
    [{ to: '+15550008002', message: { ...body, to: '+15550008001' } }, 'to'],
    [{ to: '+15550008002', message: { ...body, to: 15550008001 } }, 'to'],
    [{ to: '+15550008002', message: { ...body, to: ['+15550008002'] } }, 'to'],
    [{ to: '+15550008002', message: { ...body, recipient: USER } }, 'recipient'],
    [{ to: '+15550008002', message: { ...body, recipient_type: 'group' } }, 'recipient_type'],
    [{ group: 'Y2FwaV9ncm91cDox', message: { ...body, to: '+15550008001' } }, 'to'],
    [{ recipient: USER, type: 'template', message: { name: 'n', language: { code: 'en_US' }, to: '+15550008001' } }, 'to']
  ]
  for (const [request, member] of cases) {
    const problem = { code: 'INVALID_REQUEST', field: `message.${member}`, detail: /names another recipient than the request/ }
    t.match(await app.post('/messages', request), { status: 400, body: problem }, JSON.stringify(request))
  }
  const rows = (await app.post('/messages/batch', cases.map(([request]) => request))).body['results'] as Array<Record<string, unknown>>
  t.match(rows, cases.map(([, member]) => ({ httpStatus: 400, code: 'INVALID_REQUEST', field: `message.${member}` })))
  t.strictSame((await environment.sandbox.seen()).length, 0, 'nothing was sent')
})

await t.test('one that names the same recipient is accepted and paced', async t => {
  const app = (await environment.start(t)).as(keys.app)
  const to = '+15550008010'
  const same = { ...body, to: '1 (555) 000-8010', recipient_type: 'individual', recipient: null }
  t.match(await app.send(to, same), { status: 200, body: { status: 'sent' } })
  t.match(await app.send(to, { ...body, text: { body: 'two' }, to }), { status: 202, body: { waitingFor: 'pair-rate' } })
  t.match(await app.post('/messages', { recipient: USER, message: { ...body, recipient: USER, to: '' } }), { status: 200 })
  const [first] = await environment.arrivals(to, 1)
  t.match(first?.body, { to, recipient_type: 'individual' })
  t.notOk('recipient' in (first?.body ?? {}))
  const [second] = await environment.arrivals(USER, 1)
  t.match(second?.body, { recipient: USER })
  t.notOk('to' in (second?.body ?? {}))
})

await t.test('on the drop-in surface a body goes to the recipient that is paced, or is rejected', async t => {
  const node = await environment.start(t)
  const to = '15550008020'
  t.match(await postGraph(node, text(to, 'both', { recipient: USER })), { status: 200 })
  const [seen] = await environment.arrivals(`+${to}`, 1)
  t.notOk('recipient' in (seen?.body ?? {}), 'to takes precedence, and only it is sent')
  const before = (await environment.sandbox.seen()).length
  for (const unpaced of [
    { messaging_product: 'whatsapp', text: { body: 'x' }, to: '', user: to },
    { messaging_product: 'whatsapp', text: { body: 'x' }, recipient_id: to },
    { messaging_product: 'whatsapp', template: { name: 'n' } }
  ]) {
    t.match(await postGraph(node, unpaced), { status: 400, body: { error: { code: 100 } } }, JSON.stringify(unpaced))
  }
  t.equal((await environment.sandbox.seen()).length, before, 'what is no status is never passed on without a recipient')
})
