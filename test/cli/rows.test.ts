/** One odd row of a list never affects another one, and what is sent of it is what the row has. */
import fc from 'fast-check'
import { InvalidArgumentError } from 'commander'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { toJson } from '../../src/client/transport.js'
import type { PostMessage } from '../../src/client/index.js'
import { collectEntries, parseCount, parseDuration } from '../../src/cli/context.js'
import { keyOf } from '../../src/cli/import/message.js'
import { readList, type Row } from '../../src/cli/import/read-file.js'
import { seedOf } from '../support/seed.js'

const folder = t.testdir()
const seed = seedOf('rows of a list')
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
let files = 0

async function read (text: string, name: string, more: { text?: string, ignoreUnknown?: boolean } = {}): Promise<Row[]> {
  const file = join(folder, `${++files}-${name}`)
  writeFileSync(file, text)
  const { text: content, ignoreUnknown = false } = more
  const defaults = { priority: 'bulk', ...(content === undefined ? {} : { text: content }) }
  return (await readList(file, { columns: {}, hasContent: content !== undefined, ignoreUnknown, format: undefined, defaults })).rows
}

const messageOf = (row: Row | undefined): PostMessage | undefined => row !== undefined && 'message' in row ? row.message : undefined
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`

/** JSON as people paste it into a cell: numbers that JavaScript rounds, half characters, members twice, names of JavaScript. */
const { json } = fc.letrec<{ json: string }>(tie => ({
  json: fc.oneof({ depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('122097329108006499', '9007199254740993', '1e400', '"\\ud800"', 'null', '-0.5', '"é"'),
    fc.string({ maxLength: 5 }).map(text => JSON.stringify(text)),
    fc.array(tie('json'), { maxLength: 2 }).map(items => `[${items.join(',')}]`),
    fc.array(fc.tuple(fc.constantFrom('id', 'id', 'link', '__proto__', 'constructor'), tie('json')), { maxLength: 3 })
      .map(members => `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`))
}))
const deep = fc.constant(`${'{"a":'.repeat(80)}1${'}'.repeat(80)}`)
const odd = fc.constantFrom('{', '{"id":1}x', '[]', '{"constructor":{"prototype":{}}}')
const cell = fc.oneof(json.map(value => `{"id":${value}}`), deep.map(value => `{"x":${value}}`), odd)
const lossless = (text: string): boolean =>
  JSON.stringify(JSON.parse(text)) === text && !/\\ud800|__proto__|"constructor":\{"prototype"/.test(text)

await t.test(`JSON in a cell is sent as it is, or its row alone is rejected (seed ${seed})`, async t => {
  await fc.assert(fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 5 }), async cells => {
    const to = (i: number): string => `+5521999${String(i).padStart(6, '0')}`
    const lines = cells.map((text, i) => `${to(i)},novelty,${quoted(text)}\n${to(100 + i)},,good ${i}`)
    const rows = await read(`to,type,message\n${lines.join('\n')}`, 'list.csv')
    assert.equal(rows.length, 2 * cells.length)
    for (const [i, text] of cells.entries()) {
      assert.deepEqual(messageOf(rows[2 * i + 1])?.message, `good ${i}`)
      const message = messageOf(rows[2 * i])
      if (message === undefined) continue
      assert.ok(lossless(text), text)
      assert.deepEqual(message.message, { type: 'novelty', novelty: JSON.parse(text) as unknown })
    }
    // The client refuses a whole request for a value that JSON cannot hold.
    toJson(rows.flatMap(row => messageOf(row) ?? []))
  }), { seed, numRuns })
  const rows = await read('to,type,message\n+5521999990051,image,"{""id"":""1""}"\n+5521999990052,image,"{""id"":122097329108006499}"\n' +
    '+5521999990053,image,"{""id"":""1"",""id"":""2""}"', 'list.csv')
  t.match(rows, [{ message: { message: { image: { id: '1' } } } }, { problem: { reason: /rounded/ } }, { problem: { reason: /given once/ } }])
})

await t.test('a number in a cell is in digits, or its row alone is rejected', async t => {
  const number = fc.oneof(fc.constantFrom('soon', '1e6', '0x10000', 'Infinity', '3.600.000', '-1', '1.5', '9'.repeat(20)), fc.nat().map(String))
  await fc.assert(fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 8 }), async numbers => {
    const rows = await read(`to,message,expiresInMs\n${numbers.map((text, i) => `+552199999000${i},x,${text}`).join('\n')}`, 'list.csv')
    assert.deepEqual(rows.map(row => messageOf(row)?.expiresInMs), numbers.map(text => /^\d{1,15}$/.test(text) ? Number(text) : undefined))
  }), { seed, numRuns })
  const lines = await read('{"to":"+5521999990051","message":"a","message":"b"}\n{"__proto__":{},"to":"+5521999990052","message":"c"}\n' +
    '{"to":"+5521999990053","message":"good"}', 'list.ndjson')
  t.match(lines, [{ problem: { reason: /given once/ } }, { problem: { reason: /__proto__/ } }, { message: { message: 'good' } }])
})

await t.test('one moment is one key, however it is written', async t => {
  const moment = fc.integer({ min: Date.UTC(2027, 0), max: Date.UTC(2090, 0) })
  fc.assert(fc.property(moment, moment, (at, other) => {
    const seconds = Math.floor(at / 1000) * 1000
    const iso = new Date(seconds).toISOString()
    const inBerlin = new Date(seconds + 3_600_000).toISOString().replace('Z', '+01:00')
    const written = [seconds, String(seconds), iso, iso.replace('.000Z', '+00:00'), inBerlin]
    const keys = written.map(scheduledFor => keyOf('', { to: '+5521999990051', message: 'x', scheduledFor } as PostMessage))
    assert.equal(new Set(keys).size, 1)
    if (other !== seconds) assert.notEqual(keyOf('', { to: '+5521999990051', message: 'x', scheduledFor: other } as PostMessage), keys[0])
  }), { seed, numRuns })
  const message = { to: '+5521999990051', message: 'x' } as PostMessage
  t.not(keyOf('', message), keyOf('', { ...message, scheduledFor: 1 }))
})

await t.test('braces that are no {{name}} never reach a customer', async t => {
  const parts = fc.array(fc.constantFrom('{{nome}}', '{{ Nome }}', '{{', '}}', '{', '}', 'Oi ', 'x'), { minLength: 1, maxLength: 6 })
  await fc.assert(fc.asyncProperty(parts, async parts => {
    const text = parts.join('')
    const sent = messageOf((await read(`to,nome,message\n+5521999990051,Ana,${quoted(text)}`, 'list.csv', { ignoreUnknown: true }))[0])?.message
    if (sent !== undefined) assert.ok(!/\{\{|\}\}/.test(String(sent).replaceAll(/\{Ana\}|\{+Ana|Ana\}+/g, '')), String(sent))
  }), { seed, numRuns })
  await t.rejects(read('to,nome\n+5521999990051,Ana', 'list.csv', { text: 'Oi {{nome}}, {{nome' }), { message: /--text has \{\{ without \}\}/ })
  t.match(await read('to,message\n+5521999990051,Oi {{nome\n+5521999990052,Oi', 'list.csv'), [{ problem: { reason: /without/ } }, { message: {} }])
})

await t.test('arguments of the command line mean one thing, or are refused', async () => {
  const parse = <Value>(reader: () => Value): Value | undefined => {
    try {
      return reader()
    } catch (error) {
      if (error instanceof InvalidArgumentError) return undefined
      throw error
    }
  }
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
  fc.assert(fc.property(fc.nat(), fc.constantFrom(...Object.keys(units) as Array<keyof typeof units>), (amount, unit) => {
    const ms = amount * units[unit]
    assert.equal(parse(() => parseDuration(`${amount}${unit}`)), ms > 0 && ms <= 366 * units.d ? ms : undefined)
  }), { seed, numRuns })
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[-+ ]?\d{0,3}[.,exE]?\d{0,20}[a-z ]?$/))
  fc.assert(fc.property(text, text => {
    const [ms, count, entries] = [parse(() => parseDuration(text)), parse(() => parseCount(text)), parse(() => collectEntries(text))]
    if (ms !== undefined) assert.match(text, /^\d+(\.\d+)?(ms|s|m|h|d)$/)
    if (count !== undefined) assert.equal(String(BigInt(text)), String(count))
    if (entries !== undefined) assert.equal(Object.entries(entries).map(([key, value]) => `${key}=${value}`).join(), text)
  }), { seed, numRuns })
  fc.assert(fc.property(fc.uniqueArray(fc.constantFrom('a', 'b', '__proto__', 'constructor', 'toString')), fc.string(), (names, value) => {
    const all = names.reduce<Record<string, string>>((before, name) => collectEntries(`${name}=${value}`, before), {})
    assert.deepEqual(Object.entries(all), names.map(name => [name, value]))
    for (const name of names) assert.equal(parse(() => collectEntries(`${name}=x`, all)), undefined)
  }), { seed, numRuns })
})
