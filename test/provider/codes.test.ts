/** Every code of Meta's, answered by a real server with its documented status, against a table written apart from ours. */
import t from 'tap'
import { explain, findCode, localCodes, metaCodes } from '../../src/provider/codes.js'
import { connectTo, grantFor, json, startApi } from './cloud-api.js'

// R retryable, P limited pair, F limited flow, X rejected, S sender stopped; then the wait in ms, if there is one.
// 400 stands where Meta publishes no status.
const expected: Array<[code: number, status: number, outcome: 'R' | 'P' | 'F' | 'X' | 'S', waitMs?: number]> = [
  [0, 401, 'S'], [1, 400, 'R'], [2, 503, 'R'], [3, 500, 'S'], [4, 400, 'F', 60_000], [10, 403, 'S'],
  [17, 400, 'F', 60_000], [32, 400, 'F', 60_000], [341, 400, 'F', 60_000], [613, 429, 'F', 60_000],
  [33, 400, 'S'], [100, 400, 'X'], [104, 400, 'S'], [190, 401, 'S'], [200, 403, 'S'], [250, 403, 'S'], [299, 403, 'S'],
  [368, 403, 'S'], [506, 400, 'X'], [80007, 400, 'F', 60_000], [80008, 400, 'F', 60_000],
  [130403, 400, 'X'], [130429, 400, 'F', 1_000], [130472, 400, 'X'], [130497, 403, 'X'],
  [131000, 500, 'R'], [131005, 403, 'S'], [131008, 400, 'X'], [131009, 400, 'X'], [131016, 500, 'R'],
  [131020, 400, 'X'], [131041, 400, 'X'], [131021, 400, 'X'], [131026, 400, 'X'], [131030, 400, 'X'],
  [131031, 403, 'S'], [131037, 400, 'S'], [131042, 400, 'S'], [131043, 400, 'X'], [131044, 400, 'S'], [131045, 500, 'S'],
  [131047, 400, 'X'], [131048, 400, 'S'], [131049, 400, 'X', 86_400_000], [131050, 400, 'X'], [131051, 400, 'X'],
  [131052, 400, 'X'], [131053, 400, 'X'], [131055, 400, 'X'], [131056, 400, 'P', 6_000], [131057, 500, 'F', 60_000],
  [131059, 400, 'X'], [131201, 400, 'X'], [131208, 400, 'F', 60_000], [131215, 400, 'X'],
  [131062, 400, 'X'], [131063, 400, 'X'], [131064, 400, 'S'],
  [132000, 400, 'X'], [132001, 404, 'X'], [132005, 400, 'X'], [132007, 400, 'X'], [132008, 400, 'X'], [132012, 400, 'X'],
  [132015, 400, 'X', 10_800_000], [132016, 400, 'X'], [132018, 400, 'X'], [132068, 400, 'X'], [132069, 400, 'R'],
  [133000, 500, 'S'], [133004, 503, 'R'], [133005, 400, 'S'], [133006, 400, 'S'], [133008, 400, 'S'], [133009, 400, 'S'],
  [133010, 400, 'S'], [133015, 400, 'R'], [133016, 400, 'S'], [134011, 400, 'X'], [134100, 400, 'X'], [134101, 400, 'R'],
  [134102, 500, 'X'], [135000, 400, 'X'], [137000, 400, 'X'], [139200, 400, 'X']
]
const names = { R: 'retryable', P: 'limited', F: 'limited', X: 'rejected', S: 'sender-stopped' } as const

t.test('each code of Meta comes to its outcome', async t => {
  const api = await startApi(t, (res, seen) => {
    const [code, status] = JSON.parse(String((seen.body.text as { body: string }).body)) as [number, number]
    json(res, status, { error: { message: `(#${code}) Title`, type: 'OAuthException', code, error_data: { messaging_product: 'whatsapp', details: 'why' } } })
  })
  const provider = connectTo(t, api.url)
  for (const [code, status, outcome, waitMs] of expected) {
    await t.test(`code ${code} is ${names[outcome]}`, async t => {
      const got = await provider.send(grantFor({ message: JSON.stringify([code, status]) }))
      t.match(got, { status: names[outcome], code: String(code), error: `(#${code}) Title: why`, startedAfterMs: Number, durationMs: Number })
      if (got.status === 'limited') t.match(got, { bucket: outcome === 'P' ? 'pair' : 'flow', coolDownMs: waitMs })
      else if (got.status === 'rejected') t.equal(got.retryNotBeforeMs, waitMs)
      else t.equal(waitMs, undefined)
    })
  }
})

t.test('no code of the table goes without a test', async t => {
  const tested = new Set(expected.map(([code]) => findCode(String(code))?.code))
  t.strictSame(metaCodes.map(row => row.code).filter(code => !tested.has(code)), ['100/33'], 'a subcode, tested elsewhere')
})

t.test('each code stands once, with something to say', async t => {
  const codes = [...metaCodes, ...localCodes]
  t.equal(new Set(codes.map(row => row.code)).size, codes.length)
  for (const row of codes) t.ok(row.title !== '' && row.explanation.endsWith('.') && row.remedy.endsWith('.'), row.code)
})

t.test('a code is explained by its row, its range or its class, and an unknown one by where to look', async t => {
  t.equal(explain('131026').title, 'Message undeliverable')
  t.equal(explain('245').title, 'API Permission')
  t.equal(explain('131205').title, 'Group management error')
  t.equal(explain('HTTP_502').title, explain('HTTP_5XX').title)
  t.equal(explain('HTTP_408').title, 'Request timed out on the way')
  t.equal(explain('RESET').title, 'Connection lost')
  t.equal(explain('999999').title, 'Code 999999')
  t.match(explain('').remedy, /Error codes/)
})
