/** What callers read of codes: docs/errors.md of errors, and whether to repeat; docs/pacing.md of what a message waits for. */
import t from 'tap'
import { errors } from '../../src/errors.js'
import { waitingForMeanings } from '../../src/http/schemas/message.js'
import { lines } from './tree.js'

const rows = lines('docs/errors.md').flatMap(line => {
  const [, code, status, means = '', repeat = ''] = /^\| `([A-Z_]+)` \| (\d{3}) \| ([^|]+) \| ([^|]+) \|$/.exec(line) ?? []
  return code === undefined ? [] : [{ code, status: Number(status), means, repeat }]
})

await t.test('the table has every code of src/errors.ts with its status, in the same order', async t => {
  t.same(rows.map(({ code, status }) => [code, status]), Object.entries(errors).map(([code, [status]]) => [code, status]))
})

await t.test('each says more than its own sentence, and whether to repeat', async t => {
  const sentences = new Set<string>(Object.values(errors).map(([, sentence]) => sentence))
  t.same(rows.filter(({ means, repeat }) => sentences.has(means) || means.length < 15 || repeat.length < 2).map(({ code }) => code), [])
})

await t.test('docs/pacing.md explains everything that can bind a message', async t => {
  const told = lines('docs/pacing.md').flatMap(line => /^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$/.exec(line)?.[1] ?? [])
  t.same(told.sort(), Object.keys(waitingForMeanings).sort())
})
