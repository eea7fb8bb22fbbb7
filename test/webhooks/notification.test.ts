import fc from 'fast-check'
import t from 'tap'
import { readNotification } from '../../src/webhooks/read.js'
import { rawChanges } from '../../src/webhooks/relay.js'
import { mutate, mutations } from '../support/mutate.js'
import { seedOf } from '../support/seed.js'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1500)

/** The same with a parser: parsing each piece has to give what parsing the whole gives. */
function parsed (body: unknown): Array<[unknown, unknown, unknown]> {
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
  const of = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined
  return list(of(body, 'entry')).flatMap(entry => list(of(entry, 'changes'))
    .map((change): [unknown, unknown, unknown] => [of(entry, 'id') ?? null, of(entry, 'time') ?? null, change]))
}

const pieces = (text: string): Array<[unknown, unknown, unknown]> =>
  rawChanges(text).map(({ entryId, time, change }) => [JSON.parse(entryId), JSON.parse(time || 'null'), JSON.parse(change)])

await t.test('the parsed pieces equal the parsed notification, whatever its whitespace', async t => {
  const entry = fc.oneof(
    fc.jsonValue(),
    fc.record({ id: fc.jsonValue(), time: fc.jsonValue(), changes: fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())) }, { requiredKeys: [] })
  )
  const body = fc.oneof(fc.jsonValue(), fc.record({ object: fc.string(), entry: fc.oneof(fc.jsonValue(), fc.array(entry)) }, { requiredKeys: [] }))
  fc.assert(fc.property(body, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
    const text = JSON.stringify(value, null, space)
    return JSON.stringify(pieces(text)) === JSON.stringify(parsed(JSON.parse(text)))
  }), { numRuns: RUNS })
})

await t.test('long numbers, escapes and spaces are kept; the last of two members with one name counts', async t => {
  const change = '{ "id" : 12345678901234567890.10 , "t":"\\u00e4\\"]}\\\\" }'
  t.strictSame(rawChanges(` {"entry":[1],"\\u0065ntry":[ {"changes":[${change} ,null, "a" ],"id":"7"}, {"time": 1751247548 ,"changes":[1]} ]}`), [
    { entryId: '"7"', time: '', change },
    { entryId: '"7"', time: '', change: 'null' },
    { entryId: '"7"', time: '', change: '"a"' },
    { entryId: 'null', time: '1751247548', change: '1' }
  ])
})

/** JSON texts whose objects may have members twice, in any order, with escapes in their names. */
const { doubled } = fc.letrec<{ doubled: string }>(tie => ({
  doubled: fc.oneof({ depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', '1', '"x"', '"\\"}]"', '122097329108006499', '1e400'),
    fc.array(tie('doubled'), { maxLength: 3 }).map(items => `[${items.join(' ,')}]`),
    fc.array(fc.tuple(fc.constantFrom('"entry"', '"changes"', '"id"', '"time"', '"\\u0069d"', '"x"'), tie('doubled')), { maxLength: 5 })
      .map(members => `{${members.map(([name, value]) => `${name}:${value}`).join(', ')}}`))
}))

await t.test('of members given twice, the pieces and the parser take the same', async t => {
  const body = fc.array(doubled, { maxLength: 3 }).map(entries => `{"entry":${entries[0] ?? '0'},"entry":[${entries.join(',')}]}`)
  fc.assert(fc.property(body, text => JSON.stringify(pieces(text)) === JSON.stringify(parsed(JSON.parse(text)))), { numRuns: RUNS })
})

const change = (n: number) => ({
  field: 'messages',
  value: {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550001', phone_number_id: `10${n}` },
    statuses: [0, 1, 2].map(part => ({
      id: `wamid.${n}.${part}`,
      status: 'failed',
      timestamp: '1750030073',
      recipient_id: '1',
      errors: [{ code: 131000, title: 't', error_data: { details: 'd' } }]
    }))
  }
})
const seed = seedOf('webhook mutations')

await t.test(`after one mutation all statuses but the changed one are read (seed ${seed})`, async t => {
  const changes = [0, 1, 2].map(change)
  const body = { object: 'whatsapp_business_account', entry: [{ id: '1', changes }] }
  const idsOf = (value: unknown): string[] => readNotification(value).notices.flatMap(({ statuses }) => statuses.map(({ wamid }) => wamid))
  fc.assert(fc.property(mutations, mutation => {
    const { value, path } = mutate(body, mutation, ['entry', 0, 'changes', 1])
    const [, , , , , list, part] = path
    const rest = idsOf(JSON.parse(JSON.stringify(value))).filter(id => /^wamid\.[02]\./.test(id))
    const own = idsOf(value).filter(id => id.startsWith('wamid.1'))
    const isOneStatus = list === 'statuses' && part !== undefined
    return rest.length === 6 && (!isOneStatus || [0, 1, 2].every(n => n === part || own.includes(`wamid.1.${n}`)))
  }), { numRuns: RUNS, seed })
  fc.assert(fc.property(mutations, mutations, fc.jsonValue(), (first, second, junk) => {
    idsOf(mutate(mutate(body, first).value, second).value)
    idsOf(junk)
  }), { numRuns: RUNS, seed })
})

await t.test('an object in place of a text leaves the others read', t => {
  const odd = JSON.parse('{"toString":{},"valueOf":{}}') as object
  const metadata = { phone_number_id: '1' }
  const message = { from: '15550001', timestamp: odd }
  const { notices } = readNotification({
    entry: [{
      changes: [
        { field: odd, value: { metadata, messages: [message] } }, { field: 'messages', value: { metadata, messages: [message] } }
      ]
    }]
  })
  t.match(notices, [{ acts: [{ recipients: ['15550001'], atMs: 0 }] }])
  t.end()
})

await t.test('a preference that names a number and a user id concerns both', async t => {
  const preference = { wa_id: '15550001', user_id: 'US.7', category: 'marketing_messages', value: 'stop', timestamp: 5 }
  const value = { metadata: { phone_number_id: '1' }, user_preferences: [preference, { ...preference, user_id: undefined }] }
  t.match(readNotification({ entry: [{ changes: [{ field: 'user_preferences', value }] }] }).notices[0]?.preferences, [
    { person: '15550001', value: 'stop', atMs: 5000 }, { person: 'US.7', value: 'stop' }, { person: '15550001' }
  ])
  const { user_id: _user, ...byNumber } = preference
  const contacts = [{ wa_id: '15550001', user_id: 'US.7' }, { wa_id: '15550002', user_id: 'US.8' }, null]
  const known = { metadata: value.metadata, user_preferences: [byNumber], contacts }
  t.match(readNotification({ entry: [{ changes: [{ field: 'user_preferences', value: known }] }] }).notices[0]?.preferences, [
    { person: '15550001', value: 'stop' }, { person: 'US.7', value: 'stop' }
  ], 'the contact of the notification has the other id')
})
