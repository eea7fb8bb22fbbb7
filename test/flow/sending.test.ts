/** docs/sending.md: each example, in each language, against a gateway as `npm start` starts it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { knownTypes } from '../../src/message-types/types.js'
import { read } from '../contract/tree.js'
import { startProgram } from '../support/process.js'
import { onPath, provide } from '../support/provide.js'
import { blocksIn } from './examples.js'

const run = promisify(execFile)
const page = read('docs/sending.md')
await provide('php')
const php = onPath('php') ?? onPath('php8.2')
const dir = t.testdir({ '.curlrc': 'retry = 5\n' })
const env = { PORT: '0', DATA_DIR: `${dir}/data`, START_WITHIN_MS: '5000' }
const gateway = await startProgram(t, 'main.js', env, /^Gateway {3}(http:\/\/\S+)/m)
const here = (text: string): string => text.replaceAll('localhost:3000', gateway.found.replace('http://', ''))

await t.test('the first message, in four languages, is one message', async t => {
  const [curl = ''] = blocksIn(page, 'sh')
  const first = JSON.parse(await output('bash', ['-euc', here(curl)])) as { id: string }
  for (const [language, program, option] of [['js', process.execPath, '-e'], ['python', 'python3', '-c'], ['php', php, '-r']] as const) {
    const [example = ''] = blocksIn(page, language)
    if (program === null) t.comment(`the example for ${language} is not run: there is none from apt`)
    else t.match(await output(program, [option, here(example).replace('<?php', '')]), new RegExp(`200.* ${first.id} (sent|delivered|read)\n`))
  }
})

await t.test('each body is accepted', async t => {
  const bodies = blocksIn(page, 'json')
  t.ok(bodies.length > 15)
  for (const body of bodies) {
    const response = await fetch(`${gateway.found}/api/v1/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const text = await response.text()
    t.match(text, /"status":"(sent|queued|scheduled)"/, `${body}\n${text}`)
    t.notMatch(text, 'warnings', body)
  }
})

await t.test('each row of the batch is accepted', async t => {
  const [, batch = ''] = blocksIn(page, 'sh')
  t.match(JSON.parse(await output('bash', ['-euc', here(batch)])), { results: [{ httpStatus: 202 }, { httpStatus: 202 }] })
})

await t.test('each type that the gateway checks has an example', t => {
  for (const type of knownTypes) t.match(page, `"type": "${type}"`)
  t.end()
})

async function output (program: string, args: string[]): Promise<string> {
  return (await run(program, args, { env: { ...process.env, CURL_HOME: dir } })).stdout
}
