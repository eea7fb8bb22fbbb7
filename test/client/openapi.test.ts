/** The client's types are those of docs/openapi.json. `WRITE_DOCS=1` regenerates them. */
import { writeFileSync } from 'node:fs'
import openapiTs, { astToString } from 'openapi-typescript'
import t from 'tap'
import { read, root } from '../contract/tree.js'

interface Document { paths: Record<string, object>, components: { schemas: Record<string, object> } }

const HEAD = '/** Written by `WRITE_DOCS=1 npm test -- test/client/openapi.test.ts` from docs/openapi.json: not to be changed by hand. */\n\n'

await t.test('src/client/openapi.ts is the output of openapi-typescript for docs/openapi.json', async t => {
  const document = JSON.parse(read('docs/openapi.json')) as Document
  const own = Object.entries(document.paths).filter(([path]) => path.startsWith('/api/v1/'))
  const types = await openapiTs(JSON.stringify({ ...document, paths: Object.fromEntries(own) }), { defaultNonNullable: false })
  const text = HEAD + astToString(types)
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(`${root}src/client/openapi.ts`, text)
  t.ok(read('src/client/openapi.ts') === text, 'if not: WRITE_DOCS=1 npm test -- test/client/openapi.test.ts')
})
