/** The errors of the Graph surface are those of the table in docs/drop-in.md. */
import Fastify from 'fastify'
import t from 'tap'
import { errors, SluiceError, type ErrorCode } from '../../src/errors.js'
import { sendGraphError } from '../../src/graph/error.js'
import { lines } from '../contract/tree.js'

const rows = lines('docs/drop-in.md').flatMap(line => {
  const [, status = '', code = '', rest = ''] = /^\| (\d{3}) \| ([^|]+) \| (.*) \|$/.exec(line) ?? []
  return [...rest.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => ({ name, status: Number(status), code }))
})

async function responseTo (error: SluiceError): Promise<{ status: number, headers: Record<string, unknown>, error: Record<string, any> }> {
  const app = Fastify()
  app.get('/', (_, reply) => sendGraphError(reply, error))
  const { statusCode, headers, body } = await app.inject('/')
  return { status: statusCode, headers, ...JSON.parse(body) as { error: Record<string, any> } }
}

await t.test('the table has existing codes only', async t => {
  t.ok(rows.length > 15)
  t.same(rows.filter(({ name }) => !(name in errors)), [])
})

for (const { name, status, code } of rows) {
  await t.test(name, async t => {
    const rejection = { code: '131026', explanation: 'Why.' }
    const response = await responseTo(
      new SluiceError(name as ErrorCode, { detail: 'Details', ...(name === 'PROVIDER_REJECTED' ? { extra: { error: rejection } } : {}) })
    )
    t.equal(response.status, status)
    const [, number = '131026', subcode] = /^(\d+)(?:, subcode (\d+))?$/.exec(code) ?? []
    t.match(response.error, {
      code: Number(number),
      message: String,
      type: 'OAuthException',
      error_data: { messaging_product: 'whatsapp', details: new RegExp(`^${name}: \\S`) }
    })
    t.equal(response.error['error_subcode'], subcode === undefined ? undefined : Number(subcode))
  })
}

await t.test('a rejection by WhatsApp keeps its text and has our explanation', async t => {
  const { error } = await responseTo(
    new SluiceError('PROVIDER_REJECTED', { detail: '(#131026) Message undeliverable', extra: { error: { code: '131026', explanation: 'Why.' } } })
  )
  t.match(error, { message: '(#131026) Message undeliverable', error_data: { details: 'PROVIDER_REJECTED: Why.' } })
  t.match((await responseTo(new SluiceError('PROVIDER_REJECTED', { extra: { error: { code: '100/33' } } }))).error, { code: 100, error_subcode: 33 })
  for (const code of ['HTTP_413', 'REQUEST_INVALID', '']) {
    const { error } = await responseTo(new SluiceError('PROVIDER_REJECTED', { extra: { error: { code } } }))
    t.match([error['code'], error['message']], [100, /^\(#100\) /], `${code} is not a number`)
  }
})

await t.test('details of an internal error are not sent', async t => {
  const { error } = await responseTo(new SluiceError('INTERNAL', { detail: 'secret' }))
  t.notMatch(JSON.stringify(error), /secret/)
})

await t.test('a temporary error has Retry-After and is_transient', async t => {
  const { headers, error } = await responseTo(new SluiceError('BACKLOG_FULL', { retryAfterMs: 1200 }))
  t.equal(headers['retry-after'], '2')
  t.equal(error['is_transient'], true)
})
