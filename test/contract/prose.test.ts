/** What `npm run lint:prose` reads of a source file, and what it rejects. CI runs it over docs and sources as a step of its own. */
import t from 'tap'
import { root } from './tree.js'

interface Message { line: number, ruleId: string, message: string }
const { commentsOf, textsOf } = await import(`${root}bin/strings.mjs`) as {
  commentsOf: (code: string) => string
  textsOf: (path: string, code: string) => string
}
const { check } = await import(`${root}bin/prose.mjs`) as { check: (path: string, text: string) => Promise<{ messages: Message[] }> }

async function rulesOf (code: string): Promise<string[]> {
  const { messages } = await check('sample.ts', textsOf('sample.ts', code))
  return messages.map(({ line, ruleId }) => `${line}: ${ruleId}`)
}

await t.test('texts are found in strings, templates, sums, names of properties and inserted expressions', async t => {
  const code = [
    "import { one } from 'a module of ours'",
    "const name = 'no-text', other: 'a type of text' = x",
    "throw new SluiceError('INVALID', `sender @{id} is @{busy ? 'busy for now' : 'free'}`)",
    "warn('one part ' + count +",
    "  ' and another')",
    "const table = { 'message rejected': { title: 'Kept' } }"
  ].join('\n').replaceAll('@', '$')
  t.strictSame(textsOf('sample.ts', code).split('\n'), [
    '', '', '- sender `–` is `–`. busy for now.', '- one part `–` and another.', '', '- message rejected. Kept.'
  ])
})

await t.test('a replaced word, a double negation, a long sentence and an unknown word are rejected', async t => {
  t.strictSame(await rulesOf("log('the worker is told of it')"), ['1: prh'])
  t.strictSame(await rulesOf("log('it can not be read')"), ['1: prh'])
  t.strictSame(await rulesOf("log('nothing is ever not sent')"), ['1: prh'])
  t.strictSame(await rulesOf(`log('${'word '.repeat(31)}')`), ['1: en-max-word-count'])
  t.strictSame(await rulesOf("\nlog('it waits for the frobnicator')"), ['2: spelling'])
  t.strictSame(await rulesOf("log('use `frobnicator` and set FROB_NICATOR=1 for ioredis')"), [])
  const { messages } = await check('page', `| a | b |\n|---|---|\n| x | ${'word '.repeat(31)} |`)
  t.strictSame(messages.map(({ line, ruleId }) => `${line}: ${ruleId}`), ['3: en-max-word-count'])
})

await t.test('of a Lua file the comments are read, and a row of its header without the name and the type', async t => {
  const code = [
    '#!lua flags=allow-oom', '-- Sends nothing, and', '-- writes nothing.', '--', '-- Returns:', '--   done  dueMs  the next retry', '--   gone  -',
    '--- @include clock'
  ]
  t.strictSame(commentsOf(code.join('\n')).split('\n'), [
    '', 'Sends nothing, and', 'writes nothing.', '', 'Returns:', '- `done` `dueMs` the next retry.', '- `gone` ', ''
  ])
  const { messages } = await check('sample.lua', commentsOf(['local a = 1', `-- It waits for the ${'word '.repeat(31)}`].join('\n')))
  t.strictSame(messages.map(({ line, ruleId }) => `${line}: ${ruleId}`), ['2: en-max-word-count'])
})
