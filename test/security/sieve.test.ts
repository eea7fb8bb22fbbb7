/** The sieve that ends every flow test has to find secrets. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys } from '../support/gateway.js'
import { createSieve } from '../support/sieve.js'

const environment = await createTestEnvironment(t, longStartWindow)

await t.test('the sieve reads a node\'s log, error responses, metrics and dashboard, and finds a number, a text or a key in each', async t => {
  const sieve = createSieve()
  const node = await environment.start(t, {}, { onLog: sieve.onLog })
  sieve.listen(node)
  await node.send('+15550009101', 'a text that is long enough')
  await node.send('hello')
  await node.as('unknown').get('/stats')
  await sieve.read(node)
  const seen = await environment.sandbox.seen()
  t.strictSame(sieve.find(seen), [], 'no secret is found')
  const body = { ...seen[0], recipient: null } as (typeof seen)[0]
  const places = (word: string): string[] =>
    [...new Set(sieve.find([{ ...body, body: { text: { body: word } } }]).map(found => found.split(':')[0] ?? ''))].sort()
  t.strictSame(places('"field":"to"'), ['400 to POST /api/v1/messages'])
  t.strictSame(places('"msg":"message granted"'), ['log'])
  t.strictSame(places('sluice_messages_admitted_total'), ['/metrics'])
  t.strictSame(places('"pagination":{'), ['/admin/queues/api/queues'])
})

for (const [what, line] of [
  ['a number', '{"to":"+15550009101"}'],
  ['a number without a sign', '"15561310260"'],
  ['a text', 'it said Hello'],
  ['a text that was sent', 'x a text that is long enough x'],
  ['a key', `Bearer ${keys.app}`],
  ['the digits of a recipient', 'wa 5511987654321 x']
] as const) {
  await t.test(`the sieve finds ${what}`, t => {
    const sieve = createSieve()
    sieve.onLog(line)
    const seen = { recipient: '+5511987654321', body: { text: { body: 'a text that is long enough' } } } as Parameters<typeof sieve.find>[0][0]
    t.equal(sieve.find([seen]).length, 1)
    t.end()
  })
}
