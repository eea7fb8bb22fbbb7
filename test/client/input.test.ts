/** The client sends exactly what its caller gave, or throws before anything is sent. */
import fc from 'fast-check'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { SluiceClient } from '../../src/client/index.js'

const received: string[] = []
const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (part: string) => { body += part }).on('end', () => {
    received.push(body)
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"id":"1","status":"queued","queued":true}')
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const client = new SluiceClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, apiKey: 'key' })
t.teardown(async () => {
  await client.close()
  server.close()
})

/** Values of JavaScript that JSON writes in another way, among those that it keeps. */
const lossy = [NaN, Infinity, 2 ** 53, 1.2e17, '\ud83d', 'a\udc00b']
const value = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof({ depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, 0.5, Number.MAX_SAFE_INTEGER, '', ...lossy), fc.string({ unit: 'binary' }), fc.integer(),
    fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 4 }), tie('value'), { maxKeys: 3 }))
})).value
const content = fc.dictionary(fc.constantFrom('type', 'text', 'image', 'x'), value, { minKeys: 1 })
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 200)

const has = (whole: unknown, isLossy: (part: unknown) => boolean): boolean =>
  isLossy(whole) || (typeof whole === 'object' && whole !== null && Object.entries(whole).some(([name, part]) => isLossy(name) || has(part, isLossy)))
const isLossy = (part: unknown): boolean =>
  typeof part === 'number' ? !(Math.abs(part) <= Number.MAX_SAFE_INTEGER) : typeof part === 'string' && !part.isWellFormed()

await t.test('what arrives equals what was given, or the call throws and nothing arrives', async t => {
  let rejected = 0
  await fc.assert(fc.asyncProperty(content, fc.option(value, { nil: undefined }), async (message, order) => {
    received.length = 0
    const metadata = order === undefined ? {} : { metadata: { order } }
    const error = await client.sendMessage('+15550001001', message, metadata).then(() => null, (error: unknown) => error)
    if (has([message, metadata], isLossy)) {
      rejected++
      return error instanceof TypeError && received.length === 0
    }
    const body = JSON.parse(received[0] ?? 'null') as { message: unknown, metadata?: unknown }
    // JSON has one zero.
    const same = (one: unknown, other: unknown): boolean => isDeepStrictEqual(one, JSON.parse(JSON.stringify(other)))
    return error === null && received.length === 1 && same(body.message, message) && (order === undefined || same(body.metadata, { order }))
  }), { numRuns: RUNS })
  t.ok(rejected > 0, `${rejected} rejected`)
})
