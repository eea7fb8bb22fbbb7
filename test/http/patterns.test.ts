/** A value of the wrong form gets an error that says what is allowed. */
import t from 'tap'
import { patterns } from '../../src/http/patterns.js'
import { read } from '../contract/tree.js'
import { createTestEnvironment } from '../support/flow.js'

/** Lists of states: the description has them. */
const isList = (pattern: string): boolean => pattern.startsWith('^(')

await t.test('each pattern of the API has a text that says what it allows, and there are no others', async t => {
  const found = new Set<string>()
  JSON.parse(read('docs/openapi.json'), (name, value: unknown) => {
    if (name === 'pattern' && typeof value === 'string') found.add(value)
    return value
  })
  t.strictSame([...found].filter(pattern => !isList(pattern)).sort(), Object.keys(patterns).sort())
})

await t.test('the error names the field, the value and what is allowed', async t => {
  const environment = await createTestEnvironment(t)
  const node = await environment.start(t, { ROLE: 'api' })
  const campaign = await node.send('+15550101234', 'Hello', { campaign: 'Spring Sale!' })
  t.match(campaign, { status: 400, body: { code: 'INVALID_REQUEST', field: 'campaign', errors: [{ field: 'campaign', value: 'Spring Sale!' }] } })
  t.equal(campaign.body['detail'], 'campaign: must be 1 to 64 letters, digits, dots, _ or -, and begin with a letter or a digit')
  t.match((await node.get('/messages?tag=order')).body['detail'], /^query tag: must be key:value/)
  t.match((await node.get('/messages?state=lost')).body['detail'], /scheduled.*expired/)
})
