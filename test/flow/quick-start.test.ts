/**
 * The README's first screen: its commands run against a gateway as `npm start` starts it, and print what the README shows. The same for its
 * examples for JavaScript, Python and the command line, and for commands of other pages that work beside `npm start`.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { shell } from '../cli/run.js'
import { read, root } from '../contract/tree.js'
import { startProgram } from '../support/process.js'
import { blocks } from './examples.js'

const run = promisify(execFile)
const [, section = ''] = /^## Start\n(.*?)^## /ms.exec(read('README.md')) ?? []
const steps = [...section.matchAll(/^```sh\n((?:(?!```)[^])*?)^```\n\n```\n((?:(?!```)[^])*?)^```$/gm)].map(([, commands = '', outputs = '']) => ({
  commands,
  outputs
}))

await t.test('the README has three steps after the start itself', async t => {
  t.match(section, /^```sh\nnpm start\n```$/m)
  t.equal(steps.length, 3)
  t.equal([...section.matchAll(/^```sh$/gm)].length, 4, 'this test runs all commands')
})

await t.test('each step prints what the README shows', async t => {
  const dir = t.testdir({ '.curlrc': 'retry = 5\n' })
  const gateway = await startProgram(t, 'main.js', settings(`${dir}/data`), /^Gateway {3}(http:\/\/\S+)/m)
  const here = (text: string): string => text.replaceAll('localhost:3000', gateway.found.replace('http://', ''))
  // On a busy machine a node may respond with 503 and a Retry-After; curl retries it.
  const env = { ...process.env, CURL_HOME: dir }
  for (const { commands, outputs } of steps) {
    const { stdout } = await run('bash', ['-euc', here(commands)], { env })
    const seen = lines(stdout)
    const expected = lines(outputs)
    t.equal(seen.length, expected.length, commands)
    for (const [i, line] of expected.entries()) t.ok(fits(seen[i] ?? '', line), `${line}\n${seen[i] ?? 'nothing'}`)
  }

  await t.test('the examples for JavaScript and Python work as documented', async t => {
    const [example = ''] = blocks('README.md', 'From your code', 'js')
    // Within the repository, so that `@sluice-gateway/client` resolves to the build.
    writeFileSync(join(dir, 'example.mjs'), here(`${example}console.log(JSON.stringify({ immediate, queued, duplicate }))`))
    t.match(
      (await run(process.execPath, ['example.mjs'], { cwd: dir })).stdout,
      /^{"immediate":(true|false),"queued":(true|false),"duplicate":false}\n$/
    )

    const [python = ''] = blocks('README.md', 'From your code', 'python')
    const pythonEnv = { ...process.env, PYTHONPATH: join(root, 'clients', 'python') }
    const printed = await run('python3', ['-c', here(python)], { env: pythonEnv }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (printed === undefined) t.comment('the example for Python is not run: there is no python3')
    else t.match(printed.stdout, /^\S+ (sent|queued)\n$/)

    const [program = ''] = blocks('docs/drop-in.md', 'Clients', 'js')
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', here(program)], { cwd: root })
    t.match(stdout, /wamid\.[^]*(accepted|delay_ms)/)
  })

  await t.test('the examples for the command line work as documented', async t => {
    const [commands = ''] = blocks('README.md', 'From your code', 'sh')
    writeFileSync(join(dir, 'campaign.csv'), blocks('docs/cli.md', 'Send to a list from Excel', 'csv')[0] ?? '')
    for (const line of lines(commands)) {
      t.match(await shell({ origin: gateway.found, cwd: dir }, line), { code: line.includes(' import ') ? 5 : 0, err: '' }, line)
    }
  })

  await t.test('the example of a firing alert stops the sender, and its commands resume it', async t => {
    const [watch, stop = '', mend = ''] = blocks('grafana/README.md', 'See an alert fire', 'sh')
    t.equal(watch, 'npm run prometheus\n')
    t.match((await run('bash', ['-euc', here(stop)], { env })).stdout, /"status":"queued".*"waitingFor":"sender-stopped"/)
    t.match((await run('bash', ['-euc', here(mend)], { env })).stdout, /"status":"cancelled"[^]*"state":"active"/)
  })
  t.equal(await gateway.end('SIGTERM'), 0)
})

/** As in `npm start`, except two: on a busy machine a send may start late, and the 2 s of a pair may not be over after `sleep 2`. */
function settings (DATA_DIR: string): Record<string, string> {
  return { PORT: '0', DATA_DIR, START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '1500' }
}

function lines (text: string): string[] {
  return text.split('\n').filter(line => line !== '')
}

/** ` … ` matches anything; values that differ from run to run are normalized. */
function fits (seen: string, expected: string): boolean {
  const pattern = normalize(expected).split(' … ').map(part => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')
  return new RegExp(`^${pattern}$`).test(normalize(seen))
}

function normalize (text: string): string {
  return text
    .replaceAll(/\d+\.[\w-]{22}\.[0-9a-f]{11}/g, '<id>')
    .replaceAll(/"delayMs":\d+/g, '"delayMs":<ms>')
    .replaceAll('"status":"delivered"', '"status":"sent"')
}
