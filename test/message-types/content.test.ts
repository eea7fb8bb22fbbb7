/** Random content of each message type: valid content passes unchanged, and a change of it passes unchanged or is refused with its field. */
import fc from 'fast-check'
import t from 'tap'
import { postCheck } from '../../src/http/content.js'
import { checkContent, knownTypes } from '../../src/message-types/types.js'
import { buildBody } from '../../src/provider/body.js'
import { readEnvelope } from '../../src/sandbox/envelope.js'
import { seedOf } from '../support/seed.js'

const seed = seedOf('content')
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1000)
const text = (most: number): fc.Arbitrary<string> => fc.string({ minLength: 1, maxLength: most, unit: 'grapheme-ascii' })
const id = fc.oneof(fc.integer({ min: 1 }), text(20))
const link = fc.webUrl()
const media = (more: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<object> =>
  fc.tuple(fc.oneof(fc.record({ id }), fc.record({ link })), fc.record(more, { requiredKeys: [] })).map(([one, rest]) => ({ ...rest, ...one }))
const caption = fc.oneof(text(60), fc.constant(null))
const scalar = fc.oneof(text(5000), fc.constant(''), fc.integer(), fc.boolean(), fc.constant(null))
const anyJson = fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }), fc.record({ a: scalar, type: scalar }, { requiredKeys: [] }))
const parameter = fc.oneof(
  fc.record({ type: fc.constant('text'), text: text(60) }), fc.record({ type: fc.constant('image'), image: media() }),
  fc.record({ type: fc.constant('new'), anything: anyJson }))
const reply = fc.record({ type: fc.constant('reply'), reply: fc.record({ id: text(256), title: text(20) }) })
const row = fc.record({ id: text(200), title: text(24), description: text(72) }, { requiredKeys: ['id', 'title'] })

const contents: Record<string, fc.Arbitrary<unknown>> = {
  text: fc.record({ body: text(4096), preview_url: fc.boolean() }, { requiredKeys: ['body'] }),
  template: fc.record({
    name: text(30).map(name => `t${name}`),
    language: fc.record({ code: fc.constantFrom('en_US', 'pt_BR') }),
    components: fc.array(fc.record({ type: fc.constantFrom('header', 'body'), parameters: fc.array(parameter, { maxLength: 3 }) }), { maxLength: 3 })
  }, { requiredKeys: ['name', 'language'] }),
  interactive: fc.oneof(
    fc.record({
      type: fc.constant('button'),
      body: fc.record({ text: text(1024) }),
      action: fc.record({ buttons: fc.array(reply, { minLength: 1, maxLength: 3 }) })
    }),
    fc.record({
      type: fc.constant('list'),
      body: fc.record({ text: text(4096) }),
      action: fc.record({
        button: text(20), sections: fc.array(fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 5 }) }), { minLength: 1, maxLength: 2 })
      })
    })),
  image: media({ caption }),
  video: media({ caption }),
  document: media({ caption, filename: text(20) }),
  audio: media(),
  sticker: media(),
  reaction: fc.record({ message_id: text(30), emoji: fc.constantFrom('', 'x') }),
  location: fc.record({ latitude: fc.double({ min: -90, max: 90, noNaN: true }), longitude: fc.double({ min: -180, max: 180, noNaN: true }) }),
  contacts: fc.array(fc.record({ name: fc.record({ formatted_name: text(20) }) }), { minLength: 1, maxLength: 3 })
}
const message = fc.constantFrom(...knownTypes).chain(type => (contents[type] ?? fc.constant({})).map(content => ({ type, content })))

/** Replaces, deletes or adds a member at a random place. */
function mutate (value: unknown, [step, ...rest]: number[], replacement: unknown): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) return replacement
  const names = Object.keys(value)
  const name = names[step % (names.length + 1)] ?? 'added'
  const copy: Record<string, unknown> = { ...value }
  if (rest.length === 0 && replacement === undefined) delete copy[name]
  else copy[name] = mutate(copy[name], rest, replacement)
  return Array.isArray(value) ? Object.values(copy) : copy
}

/** What reaches WhatsApp of this message, and how the sandbox reads it. */
function send (type: string, content: unknown): { sent: unknown, status: string } {
  const payload = { to: '15550001000', type, message: { type, [type]: content }, keySource: 'none', caller: 'test' }
  const body = buildBody({ id: 'x.1', attempt: 1, payload } as unknown as Parameters<typeof buildBody>[0])
  return { sent: (JSON.parse(body) as Record<string, unknown>)[type], status: readEnvelope(body, 'messages').status }
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

await t.test(`valid content passes unchanged (seed ${seed})`, async t => {
  t.same(Object.keys(contents).sort(), [...knownTypes].sort(), 'each type has a generator')
  fc.assert(fc.property(message, ({ type, content }) => {
    const isValid = postCheck.isValid({ to: '15550001000', message: { type, [type]: content } })
    const { sent, status } = send(type, content)
    return isValid && status === 'message' && JSON.stringify(sent) === JSON.stringify(content)
  }), { seed, numRuns: RUNS })
})

await t.test(`changed content passes unchanged or is refused with its field (seed ${seed})`, async t => {
  const counts = { passed: 0, refused: 0 }
  const change = fc.tuple(message, fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }), fc.option(anyJson, { nil: undefined }))
  fc.assert(fc.property(change, ([{ type, content }, steps, replacement]) => {
    const changed = asJson(mutate(content, steps, replacement) ?? null)
    if (typeof changed !== 'object' || changed === null) return checkContent(type, changed).length > 0
    const post = { to: '15550001000', message: { type, [type]: changed } }
    if (postCheck.isValid(post)) {
      counts.passed++
      return JSON.stringify(send(type, changed).sent) === JSON.stringify(changed)
    }
    counts.refused++
    const errors = postCheck.findAll(post)
    return errors.length > 0 && errors.every(({ field }) => field.startsWith(`message.${type}`))
  }), { seed, numRuns: 3 * RUNS })
  t.ok(counts.passed > RUNS / 4 && counts.refused > RUNS / 4, JSON.stringify(counts))
})
