import t from 'tap'
import { parseResult, resultTail, writtenId } from '../../src/settlement/record.js'

const payload = { to: '+52 33 1234 5678', type: 'text', message: 'x', keySource: 'none', caller: 'shop' } as const
const head = 's 19b5d2f3a40 0123456789abcdef 1764000000123 1 p5213312345678'
const read = (tail: string): object | null => parseResult(`${head} ${tail}`)

await t.test('the tail of a result keeps only the values that its head does not contain', async t => {
  t.equal(resultTail(payload, { providerMessageId: 'wamid.A', recipientId: '523312345678' }), 'shop wamid.A', 'the recipient as it was written')
  t.equal(resultTail(payload), 'shop -')
  t.match(read('shop wamid.A'), { state: 'sent', caller: 'shop', providerMessageId: 'wamid.A', metadata: undefined, waId: undefined })
  t.equal(resultTail({ ...payload, metadata: { order: 1 } }), 'shop - {"order":1}')
  const full = resultTail(
    { ...payload, metadata: { order: 1 }, callbackData: 'a b "c"' },
    { providerMessageId: 'wamid.A', recipientId: '5213312345678' }
  )
  t.match(read(full), { caller: 'shop', providerMessageId: 'wamid.A', metadata: { order: 1 }, waId: '5213312345678', callbackData: 'a b "c"' })
  const bare = read(resultTail(payload, { providerMessageId: 'wamid.A', recipientId: '5213312345678' }))
  t.match(bare, { waId: '5213312345678' })
  t.notOk(Object.keys(bare ?? {}).some(name => name === 'metadata' || name === 'callbackData'))
})

await t.test('the tail names campaign and template, either of which may be absent', async t => {
  const template = { type: 'template', message: { name: 'order_ready', language: { code: 'en_US' } } }
  t.equal(resultTail({ ...payload, ...template }), 'shop@@order_ready -')
  t.equal(resultTail({ ...payload, ...template, campaign: 'spring' }), 'shop@spring@order_ready -')
  t.equal(resultTail({ ...payload, campaign: 'spring' }), 'shop@spring -')
  t.match(read('~shop@@order_ready -'), { caller: 'shop', campaign: undefined, template: 'order_ready' })
  t.match(read('shop@spring@odd@name -'), { caller: 'shop', campaign: 'spring', template: 'odd@name' })
  t.match(read('shop@spring -'), { caller: 'shop', campaign: 'spring', template: undefined })
})

await t.test('a user id equals WhatsApp\'s recipient id unless WhatsApp returns another', async t => {
  t.equal(writtenId({ to: 'US.1a', addressing: 'user' }), 'US.1a')
  t.equal(resultTail({ ...payload, to: 'US.1a', addressing: 'user' }, { providerMessageId: 'wamid.A', recipientId: 'US.1a' }), 'shop wamid.A')
})
