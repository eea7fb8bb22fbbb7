/**
 * The README's first screen: its commands are run against a gateway as `npm start` starts it, and answer what stands below them. So are its examples for
 * JavaScript and the command line, and what other pages have a newcomer do beside `npm start`.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { shell } from '../cli/run.js'
import { read, root } from '../contract/tree.js'
import { startProgram } from '../support/process.js'

const run = promisify(execFile)
const [, section = ''] = /^## Start\n(.*?)^## /ms.exec(read('README.md')) ?? []
const steps = [...section.matchAll(/^```sh\n((?:(?!```)[^])*?)^```\n\n```\n((?:(?!```)[^])*?)^```$/gm)].map(([, commands = '', answers = '']) => ({ commands, answers }))

await t.test('there are three steps, after the start itself', async t => {
  t.match(section, /^```sh\nnpm start\n```$/m)
  t.equal(steps.length, 3)
  t.equal([...section.matchAll(/^```sh$/gm)].length, 4, 'no command is left out here')
})

await t.test('each answers as it says', async t => {
  const dir = t.testdir({ '.curlrc': 'retry = 5\n' })
  const gateway = await startProgram(t, 'main.js', settings(`${dir}/data`), /^Gateway {3}(http:\/\/\S+)/m)
  const here = (text: string): string => text.replaceAll('localhost:3000', gateway.found.replace('http://', ''))
  // A machine that is busy with other tests may answer 503, which says itself that it is to be repeated.
  const env = { ...process.env, CURL_HOME: dir }
  for (const { commands, answers } of steps) {
    const { stdout } = await run('bash', ['-euc', here(commands)], { env })
    const seen = lines(stdout)
    const told = lines(answers)
    t.equal(seen.length, told.length, commands)
    for (const [at, line] of told.entries()) t.ok(fits(seen[at] ?? '', line), `${line}\n${seen[at] ?? 'nothing'}`)
  }

  await t.test('the examples for JavaScript do what they say', async t => {
    const [example = ''] = blocks('README.md', 'From JavaScript', 'js')
    // Below the repository's own package.json, so `sluice/client` is what is built.
    writeFileSync(join(dir, 'example.mjs'), here(`${example}console.log(JSON.stringify({ immediate, queued, duplicate }))`))
    t.match((await run(process.execPath, ['example.mjs'], { cwd: dir })).stdout, /^{"immediate":(true|false),"queued":(true|false),"duplicate":false}\n$/)

    const [program = ''] = blocks('docs/drop-in.md', 'Clients', 'js')
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', here(program)], { cwd: root })
    t.match(stdout, /wamid\.[^]*(accepted|delay_ms)/)
  })

  await t.test('the examples for the command line do what they say', async t => {
    const [commands = ''] = blocks('README.md', 'From the command line', 'sh')
    writeFileSync(join(dir, 'campaign.csv'), blocks('docs/cli.md', 'Import', 'csv')[0] ?? '')
    for (const line of lines(commands)) t.match(await shell({ origin: gateway.found, cwd: dir }, line), { code: line.includes(' import ') ? 5 : 0, err: '' }, line)
  })

  await t.test('the first alert\'s number stops the sender, and what ends it ends it', async t => {
    const [watch, stop = '', mend = ''] = blocks('grafana/README.md', 'See an alert fire', 'sh')
    t.equal(watch, 'npm run prometheus\n')
    t.match((await run('bash', ['-euc', here(stop)], { env })).stdout, /"status":"queued".*"waitingFor":"sender-stopped"/)
    t.match((await run('bash', ['-euc', here(mend)], { env })).stdout, /"status":"cancelled"[^]*"state":"active"/)
  })
  t.equal(await gateway.end('SIGTERM'), 0)
})

/** As `npm start` has them but for two: a busy machine may start a send late, and finds after `sleep 2` that the 2 s of a pair are not quite over. */
function settings (DATA_DIR: string): Record<string, string> {
  return { PORT: '0', DATA_DIR, START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '1500' }
}

/** What stands in a language under a heading of a page. */
function blocks (page: string, heading: string, language: string): string[] {
  const section = read(page).split(/^## /m).find(part => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, block = '']) => block)
}

function lines (text: string): string[] {
  return text.split('\n').filter(line => line !== '')
}

/** ` … ` stands for anything, and what differs from run to run is taken for equal. */
function fits (seen: string, told: string): boolean {
  const pattern = steady(told).split(' … ').map(part => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')
  return new RegExp(`^${pattern}$`).test(steady(seen))
}

function steady (text: string): string {
  return text.replaceAll(/\d+\.[\w-]{22}\.[0-9a-f]{11}/g, '<id>').replaceAll(/"delayMs":\d+/g, '"delayMs":<ms>').replaceAll('"status":"delivered"', '"status":"sent"')
}
