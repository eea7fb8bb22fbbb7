#!/usr/bin/env node
/**
 * A whole campaign as an operator runs it by the command line: imported from a file, paused and resumed after a fifth of it, cancelled
 * after four fifths. Then the gateway's counts are compared with those of the sandbox, which counts the requests that it got. One recipient
 * in 200 is rejected.
 *
 *     npm run campaign -- [--messages 100000] [--per-second 80]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createSandbox } from '../../dist/sandbox/sandbox.js'
import { createEnvironment } from './kit/environment.mjs'
import { adminKey } from './kit/gateway.mjs'
import { scratch } from './kit/process.mjs'

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '100000' }, 'per-second': { type: 'string', default: '80' } }
})
const [messages, perSecond] = [Number(values.messages), Number(values['per-second'])]
const NAME = 'spring-sale'
const REJECTED_ONE_IN = 200
/** How long nothing may arrive during the pause. */
const QUIET_MS = 5000
const SHOWN_EVERY_MS = 15_000
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

const environment = createEnvironment()
const sandbox = await createSandbox({ maxRecords: 1000, throughputPerSecond: null })
const redis = await environment.redis()
const gateway = await environment.gateway({
  redis,
  apiUrl: sandbox.url,
  rules: { perSecond },
  env: { MAX_BACKLOG_PER_SENDER: String(messages + 1000) }
})
const origin = new URL(gateway.url).origin
const startedAt = performance.now()
const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10
const say = text => process.stdout.write(`${String(seconds()).padStart(7)} s  ${text}\n`)

/** The command line, as an operator calls it. */
async function sluice (...args) {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { ...process.env, SLUICE_URL: origin, SLUICE_API_KEY: adminKey }, stdio: ['ignore', 'pipe', 'inherit']
  })
  let out = ''
  child.stdout.on('data', chunk => { out += chunk })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`sluice ${args.join(' ')} ended with ${code}: ${out}`)
  return out
}

const campaign = async () => await gateway.ask('GET', `/api/v1/campaigns/${NAME}`)
const arrived = async () => (await (await fetch(`${new URL(sandbox.url).origin}/_sandbox/messages?limit=0`)).json()).counts
const endedOf = ({ accepted, waiting, inFlight }) => accepted - waiting - inFlight

let shownAt = 0
async function until (what, isTrue) {
  for (;;) {
    const found = await campaign()
    if (isTrue(found)) return found
    if (performance.now() > shownAt + SHOWN_EVERY_MS) {
      shownAt = performance.now()
      say(`${what}: ${endedOf(found)} of ${found.accepted} ended, ${found.ratePerSecond}/s, ends at ${found.expectedEndAt}`)
    }
    await sleep(200)
  }
}

const file = join(scratch(), 'campaign.csv')
const number = i => i % REJECTED_ONE_IN === 0 ? `+15560131026${String(i).padStart(4, '0').slice(-4)}` : `+1555${String(i).padStart(7, '0')}`
const rows = Array.from({ length: messages }, (_, i) => `${number(i)},Spring sale ${i},campaign-${i}`)
await writeFile(file, `to,message,idempotencyKey\n${rows.join('\n')}\n`)
await sluice('import', file, '--campaign', NAME)
say(`${messages} messages imported`)

await until('running', found => endedOf(found) >= messages / 5)
await sluice('campaign', NAME, '--pause')
await until('pausing', ({ inFlight }) => inFlight === 0)
const before = await arrived()
await sleep(QUIET_MS)
const after = await arrived()
say(`paused: ${after.accepted + after.rejected - before.accepted - before.rejected} sends in ${QUIET_MS / 1000} s`)
await sluice('campaign', NAME, '--resume')
await until('resumed', found => endedOf(found) >= messages * 0.8)
await sluice('campaign', NAME, '--cancel')
const end = await until('cancelling', found => found.waiting + found.inFlight === 0 && found.jobs.every(({ finishedAt }) => finishedAt !== null))
const counts = await arrived()
say('ended')

const checks = [
  ['accepted', end.accepted, 'messages in the file', messages],
  ['sent', end.sent, 'accepted by the sandbox', counts.accepted],
  ['failed', end.failed, 'rejected by the sandbox', counts.rejected],
  ['cancelled', end.cancelled, 'the rest', messages - counts.accepted - counts.rejected],
  ['sends during the pause', after.accepted + after.rejected - before.accepted - before.rejected, 'none', 0]
]
for (const [what, own, against, other] of checks) process.stdout.write(`${what} ${own}, ${against} ${other}${own === other ? '' : '  DIFFERENT'}\n`)
process.stdout.write(`${seconds()} s in all, rule ${perSecond}/s\n`)
await sandbox.close()
await environment.end()
process.exit(checks.every(([, own, , other]) => own === other) ? 0 : 1)
