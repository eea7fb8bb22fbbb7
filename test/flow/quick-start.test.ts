/** The README's first screen: its commands are run against a gateway as `npm start` starts it, and answer what stands below them. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { read } from '../contract/tree.js'
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
  const gateway = await startProgram(t, 'main.js', { PORT: '0', DATA_DIR: `${dir}/data` }, /^Gateway {3}(http:\/\/\S+)/m)
  // A machine that is busy with other tests may answer 503, which says itself that it is to be repeated.
  const env = { ...process.env, CURL_HOME: dir }
  for (const { commands, answers } of steps) {
    const { stdout } = await run('bash', ['-euc', commands.replaceAll('localhost:3000', gateway.found.replace('http://', ''))], { env })
    const seen = lines(stdout)
    const told = lines(answers)
    t.equal(seen.length, told.length, commands)
    for (const [at, line] of told.entries()) t.ok(fits(seen[at] ?? '', line), `${line}\n${seen[at] ?? 'nothing'}`)
  }
  t.equal(await gateway.end('SIGTERM'), 0)
})

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
