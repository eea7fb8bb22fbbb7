import type { Command } from 'commander'
import { Option } from 'commander'
import type { Finding, Report } from '../doctor/open.js'
import { addExamples, isJson, parseDuration } from './context.js'
import { doctorExits, failWith, UsageError } from './exit.js'

interface Flags { repair?: true, redisUrl?: string, prefix?: string, wait: number }

/** Between two lines of progress where stderr is not a terminal. */
const PROGRESS_MS = 5000

export function addDoctor (program: Command): void {
  const command = program.command('doctor').summary('check what the gateway has stored in Redis')
    .description([
      'Compares everything in Redis with what the gateway\'s scripts leave there, and prints a line for each kind of contradiction.',
      'It reads Redis directly, in small pages, and may run beside gateways. A finding is what a second check has found too.',
      'Set REDIS_URL and KEY_PREFIX, and the gateway\'s caps where they are not the defaults.',
      `Exit codes: ${doctorExits.clean} nothing found, or all repaired; ${doctorExits.found} findings;`,
      `${doctorExits.unable} the check was not possible.`
    ].join(' '))
    .option('--repair', 'repairs what is safe to repair, one atomic step each')
    .option('--redis-url <url>', 'Redis of the gateway; the environment (REDIS_URL) is safer')
    .option('--prefix <prefix>', 'KEY_PREFIX of the gateway')
    .addOption(new Option('--wait <duration>', 'time between the two checks').argParser(parseDuration).default(2000, '2s'))
    .action(async (flags: Flags, self: Command) => {
      const json = isJson(self)
      try {
        const report = await run(flags, json)
        process.stdout.write(`${json ? JSON.stringify(report) : show(report, flags.repair === true)}\n`)
        process.exitCode = isClean(report, flags.repair === true) ? doctorExits.clean : doctorExits.found
      } catch (error) {
        failWith(error, json)
        process.exitCode = doctorExits.unable
      }
    })
  addExamples(command, [
    ['REDIS_URL=redis://localhost:6379 sluice doctor', 'check'],
    ['sluice doctor --repair', 'repair, and show what could not be repaired'],
    ['sluice doctor --json | jq .findings', 'in a script']
  ])
}

async function run (flags: Flags, json: boolean): Promise<Report> {
  const { examine, openDoctor } = await load()
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new UsageError('interrupted')))
  const progress = createProgress(json)
  const { deps, close } = await openDoctor({
    redisUrl: flags.redisUrl, prefix: flags.prefix, onChecked: progress.count, signal: stop.signal
  })
  try {
    return await examine(deps, { waitMs: flags.wait, repair: flags.repair === true, onProgress: progress.step })
  } finally {
    progress.end()
    await close()
  }
}

/** The gateway's own code: the client package does not contain it. */
async function load (): Promise<typeof import('../doctor/open.js')> {
  try {
    return await import('../doctor/open.js')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new UsageError('doctor needs the gateway itself: run it in the gateway\'s image or in a clone of its repository')
  }
}

/** How far the check is, on stderr: one line that is rewritten, or without a terminal a line every 5 s. Nothing with `--json`. */
function createProgress (isQuiet: boolean): { count: (count: number) => void, step: (name: string) => void, end: () => void } {
  const { stderr } = process
  const everyMs = stderr.isTTY ? 100 : PROGRESS_MS
  let [checked, name, shownAt] = [0, 'keys', performance.now()]
  const print = (): void => {
    if (isQuiet || performance.now() < shownAt + everyMs) return
    shownAt = performance.now()
    const line = `${checked.toLocaleString('en')} entries checked; ${name}`
    stderr.write(stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
  }
  return {
    count (count) {
      checked += count
      print()
    },
    step (step) {
      name = step
      print()
    },
    end () { if (!isQuiet && stderr.isTTY) stderr.write('\r\x1b[K') }
  }
}

const leftOf = (finding: Finding, isRepairing: boolean): number =>
  isRepairing && !finding.isMore ? finding.left.reduce((sum, { count }) => sum + count, 0) : finding.count

function isClean (report: Report, isRepairing: boolean): boolean {
  return report.skippedSenders.length === 0 && report.findings.every(finding => leftOf(finding, isRepairing) === 0)
}

function show ({ findings, checked, skippedSenders }: Report, isRepairing: boolean): string {
  const lines = findings.map(finding => {
    const { kind, count, isMore, means, remedy, examples, repaired, left } = finding
    const result = isRepairing
      ? [`repaired ${repaired}`, ...left.map(reason => `not repaired ${reason.count}: ${reason.why}`)].join('; ')
      : remedy
    return `${kind}: ${count}${isMore ? ' and more' : ''}. Meaning: ${means}. ${isRepairing ? 'Repair' : 'To do'}: ${result}. ` +
      `Such as ${examples.join(', ')}`
  })
  const skipped = skippedSenders.length === 0 ? [] : [`not checked, since a key has another type: ${skippedSenders.join(', ')}`]
  const summary = findings.length === 0 ? 'no contradiction found' : `${findings.length} ${findings.length === 1 ? 'kind' : 'kinds'} of findings`
  return [...lines, ...skipped, `${checked.toLocaleString('en')} entries checked: ${summary}`].join('\n')
}
