/**
 * wrk: callers that wait for their response (closed loop), at a fraction of the CPU that a generator in Node takes. It shares its core with Redis
 * and the provider, so what it saves is theirs.
 */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { SHARED, onCore } from './process.mjs'
import { TEXT } from './text.mjs'

const script = fileURLToPath(new URL('wrk.lua', import.meta.url))
/** The time for the responses to requests that were under way as wrk ended. */
const TAIL_MS = 100

/**
 * Runs for some seconds, at least one; counts and latencies as `run` of programs/generator.mjs. Bodies are numbered from `from`, one recipient after
 * the other.
 */
export async function runWrk ({ url, headers = {}, connections = 64, seconds, tag, from = 0, recipients = 10_000, senders = [], core = SHARED }) {
  const lines = Object.entries({ 'content-type': 'application/json', ...headers }).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const [program, ...args] = onCore(core, [
    'wrk', '-t1', `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, '--timeout', '10s', '-s', script, ...lines, url
  ])
  const env = { PATH: process.env.PATH, FROM: String(from), SENDERS: senders.join(' '), RECIPIENTS: String(recipients), TAG: tag, TEXT }
  const { stdout } = await promisify(execFile)(program, args, { env })
  const [asked, us, refused, broken, p50, p99, p999] = /^RESULT (.*)$/m.exec(stdout)[1].split(' ').map(Number)
  await sleep(TAIL_MS)
  const accepted = asked - refused
  const lasted = us / 1e6
  return {
    asked: asked + broken,
    // Requests that were under way at the end have numbers, and are not counted.
    used: asked + broken + connections,
    accepted,
    statuses: { refused, broken },
    seconds: lasted,
    perSecond: accepted / lasted,
    ms: { p50, p99, p999 }
  }
}
