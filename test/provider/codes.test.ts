/** Every code of Meta, sent by a real server with its documented status, compared with an independent table. */
import t from 'tap'
import { localCodes, metaCodes, standardPolicy } from '../../src/provider/policy.js'
import { connectTo, grantFor, json, startApi } from './cloud-api.js'
import { expected, names } from './expected-codes.js'

const { explain, find } = standardPolicy

await t.test('each code of Meta has its outcome', async t => {
  const api = await startApi(t, (res, seen) => {
    const [code, status] = JSON.parse(String((seen.body.text as { body: string }).body)) as [number, number]
    const data = { messaging_product: 'whatsapp', details: 'why' }
    json(res, status, { error: { message: `(#${code}) Title`, type: 'OAuthException', code, error_data: data } })
  })
  const provider = connectTo(t, api.url)
  for (const [code, status, outcome, waitMs] of expected) {
    await t.test(`code ${code} is ${names[outcome]}`, async t => {
      const got = await provider.send(grantFor({ message: JSON.stringify([code, status]) }))
      t.match(got, { status: names[outcome], code: String(code), error: `(#${code}) Title: why`, startedAfterMs: Number, durationMs: Number })
      const bucket = code === 130429 ? 'throughput' : 'sender-rate'
      if (got.status === 'limited') t.match(got, { bucket: outcome === 'P' ? 'pair' : bucket, coolDownMs: waitMs })
      else if (got.status === 'rejected') t.equal(got.retryNotBeforeMs, waitMs)
      else if (got.status === 'sender-stopped') t.equal(got.probeMs, waitMs)
      else if (got.status === 'retryable') t.equal(got.mostAttempts, waitMs)
    })
  }
})

await t.test('the cool-down of a pair is 6 s, then 4 times as long each time, up to a limit', async t => {
  const api = await startApi(t, res => json(res, 400, { error: { message: 'm', code: 131056 } }))
  const provider = connectTo(t, api.url)
  const coolDowns = await Promise.all([0, 1, 2, 3, 4, 50].map(async pairHits => await provider.send(grantFor({ pairHits }))))
  t.strictSame(coolDowns.map(got => got.status === 'limited' && got.coolDownMs), [6_000, 24_000, 96_000, 384_000, 384_000, 384_000])
})

await t.test('every code of the table has a test', async t => {
  const tested = new Set(expected.map(([code]) => find(String(code))?.code))
  t.strictSame(metaCodes.map(row => row.code).filter(code => !tested.has(code)), ['100/33'], 'a subcode, tested elsewhere')
})

await t.test('each code is unique and has a title, an explanation and a remedy', async t => {
  const codes = [...metaCodes, ...localCodes]
  t.equal(new Set(codes.map(row => row.code)).size, codes.length)
  for (const row of codes) t.ok(row.title !== '' && row.explanation.endsWith('.') && row.remedy.endsWith('.'), row.code)
})

await t.test('a code is explained by its row, range or class, and an unknown code by a reference', async t => {
  t.equal(explain('131026').title, 'Message undeliverable')
  t.equal(explain('245').title, 'API Permission')
  t.equal(explain('131205').title, 'Group management error')
  t.equal(explain('HTTP_502').title, explain('HTTP_5XX').title)
  t.equal(explain('HTTP_408').title, 'Proxy timeout')
  t.equal(explain('RESET').title, 'Connection lost')
  t.equal(explain('999999').title, 'Code 999999')
  t.match(explain('').remedy, /Error codes/)
})
