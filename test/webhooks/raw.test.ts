import fc from 'fast-check'
import t from 'tap'
import { rawChanges } from '../../src/webhooks/raw.js'

/** The same with a parser: parsing each piece has to give what parsing the whole gives. */
function parsed (body: unknown): Array<[unknown, unknown]> {
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
  const of = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined
  return list(of(body, 'entry')).flatMap(entry => list(of(entry, 'changes')).map((change): [unknown, unknown] => [of(entry, 'id') ?? null, change]))
}

const pieces = (text: string): Array<[unknown, unknown]> => rawChanges(text).map(({ entryId, change }) => [JSON.parse(entryId), JSON.parse(change)])

t.test('the parsed pieces equal the parsed notification, whatever its whitespace', async t => {
  const entry = fc.oneof(
    fc.jsonValue(),
    fc.record({ id: fc.jsonValue(), changes: fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())) }, { requiredKeys: [] })
  )
  const body = fc.oneof(fc.jsonValue(), fc.record({ object: fc.string(), entry: fc.oneof(fc.jsonValue(), fc.array(entry)) }, { requiredKeys: [] }))
  fc.assert(fc.property(body, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
    const text = JSON.stringify(value, null, space)
    return JSON.stringify(pieces(text)) === JSON.stringify(parsed(JSON.parse(text)))
  }), { numRuns: 2000 })
})

t.test('long numbers, escapes and spaces are kept; the last of two members with one name counts', async t => {
  const change = '{ "id" : 12345678901234567890.10 , "t":"\\u00e4\\"]}\\\\" }'
  t.strictSame(rawChanges(` {"entry":[1],"\\u0065ntry":[ {"changes":[${change} ,null, "a" ],"id":"7"} ]}`), [
    { entryId: '"7"', change },
    { entryId: '"7"', change: 'null' },
    { entryId: '"7"', change: '"a"' }
  ])
})
