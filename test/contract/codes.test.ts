/** Codes in the docs: docs/errors.md explains every error, docs/pacing.md every reason why a message waits. */
import t from 'tap'
import { errors } from '../../src/errors.js'
import { waitingForMeanings } from '../../src/http/schemas/answer.js'
import { lines } from './tree.js'

const rows = lines('docs/errors.md').flatMap(line => {
  const [, code, status, means = '', repeat = ''] = /^\| `([A-Z_]+)` \| (\d{3}) \| ([^|]+) \| ([^|]+) \|$/.exec(line) ?? []
  return code === undefined ? [] : [{ code, status: Number(status), means, repeat }]
})

await t.test('the table has every code of src/errors.ts with its status, in the same order', async t => {
  t.same(rows.map(({ code, status }) => [code, status]), Object.entries(errors).map(([code, [status]]) => [code, status]))
})

await t.test('each row adds to the sentence of src/errors.ts, and says whether to repeat', async t => {
  const sentences = new Set<string>(Object.values(errors).map(([, sentence]) => sentence))
  t.same(rows.filter(({ means, repeat }) => sentences.has(means) || means.length < 15 || repeat.length < 2).map(({ code }) => code), [])
})

await t.test('docs/pacing.md explains every value of waitingFor', async t => {
  const explained = lines('docs/pacing.md').flatMap(line => /^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$/.exec(line)?.[1] ?? [])
  t.same(explained.sort(), Object.keys(waitingForMeanings).sort())
})
