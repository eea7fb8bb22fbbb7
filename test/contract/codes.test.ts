/** Every error has an explanation for docs/errors.md, and docs/pacing.md explains every reason why a message waits. */
import t from 'tap'
import { errors } from '../../src/errors.js'
import { waitingForMeanings } from '../../src/http/schemas/message.js'
import { lines } from './tree.js'

await t.test('the meaning of each error adds to its title, and says whether to repeat', async t => {
  const titles = new Set<string>(Object.values(errors).map(({ title }) => title))
  const poor = Object.entries(errors).filter(([, { meaning, retry }]) => titles.has(meaning) || meaning.length < 15 || retry.length < 2)
  t.same(poor.map(([code]) => code), [])
})

await t.test('docs/pacing.md explains every value of waitingFor', async t => {
  const explained = lines('docs/pacing.md').flatMap(line => /^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$/.exec(line)?.[1] ?? [])
  t.same(explained.sort(), Object.keys(waitingForMeanings).sort())
})
