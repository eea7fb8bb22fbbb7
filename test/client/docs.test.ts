/** docs/client.md: its examples run, and its table holds every call. */
import t from 'tap'
import { SluiceClient, SluiceClientError } from '../../src/client/index.js'
import { lines, read } from '../contract/tree.js'
import { createGround } from '../support/flow.js'
import { keys } from '../support/gateway.js'

const ground = await createGround(t)
const examples = [...read('docs/client.md').matchAll(/^```js\n([^]*?)^```/gm)].map(([, code = '']) => code)

await t.test('every example runs as it stands, but for address and key', async t => {
  const node = await ground.start(t)
  const said: string[] = []
  const names = { SluiceClient, SluiceClientError, console: { log: (...words: unknown[]) => said.push(words.join(' ')) } }
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor
  t.equal(examples.length, 2)
  for (const code of examples) {
    const body = code.replaceAll(/^import .*$/gm, '').replace('http://localhost:3000', node.origin).replace('process.env.SLUICE_API_KEY', `'${keys.operator}'`)
    await AsyncFunction(...Object.keys(names), body)(...Object.values(names))
  }
  t.match(said, [/^sent wamid\./, 'wrong: to', /^\d 0 \d 0 0 0 0$/])
  t.equal((await ground.arrivals('+1234567890', 2)).length, 2)
})

await t.test('the table has a row for each call, and no other', async t => {
  const rows = lines('docs/client.md').flatMap(line => /^\| `(\w+)\(/.exec(line)?.[1] ?? [])
  t.strictSame(rows.sort(), Object.getOwnPropertyNames(SluiceClient.prototype).filter(name => name !== 'constructor').sort())
})
