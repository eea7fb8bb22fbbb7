import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ClientOptions, SluiceClient } from '../client/index.js'
import { describeInvalid } from '../values/invalid.js'
import { parseTime } from '../values/time.js'
import { UsageError } from './exit.js'

interface CommonOptions { url: string, key?: string, json?: true, timeout: number }

/** What every command uses. */
export interface CliContext {
  client: SluiceClient
  /** Address of the gateway. */
  url: string
  json: boolean
  /** Prints the value as one line of JSON with `--json`, else the text. */
  print: (value: unknown, text: () => string) => void
}

/** Adds the options of all commands. */
export function addCommonOptions (program: Command): void {
  program
    .addOption(new Option('--url <url>', 'address of the gateway').env('SLUICE_URL').default('http://localhost:3000'))
    // The value is never printed. In the environment it does not appear in the process list either.
    .addOption(new Option('--key <key>', 'an API key of the gateway; the environment is safer').env('SLUICE_API_KEY'))
    .addOption(new Option('--timeout <duration>', 'longest duration of a request with all its retries')
      .argParser(parseDuration).default(30_000, '30s'))
    .option('--json', 'print JSON instead of tables, one line per value')
}

export function openContext (command: Command): CliContext {
  const { url, key, json = false, timeout } = command.optsWithGlobals<CommonOptions>()
  return {
    client: createClient({ baseUrl: url, timeoutMs: timeout, ...(key === undefined || key === '' ? {} : { apiKey: key }) }),
    url,
    json,
    print: (value, text) => { process.stdout.write(`${json ? JSON.stringify(value) : text()}\n`) }
  }
}

function createClient (options: ClientOptions): SluiceClient {
  try {
    return new SluiceClient(options)
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message.replace('baseUrl', '--url or SLUICE_URL'))
    throw error
  }
}

/** Whether a command that needs no gateway prints JSON. */
export function isJson (command: Command): boolean {
  return command.optsWithGlobals<CommonOptions>().json === true
}

/** Adds examples to a command's help. */
export function addExamples (command: Command, examples: Array<[line: string, purpose: string]>): void {
  const width = Math.max(...examples.map(([line]) => line.length))
  const rows = examples.map(([line, purpose]) => `  $ ${line.padEnd(width)}  # ${purpose}\n`)
  command.addHelpText('after', `\nExamples:\n${rows.join('')}`)
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const MOST_MS = 366 * 86_400_000

/** `90s`, `10m`, `1.5h`, `2d` or `250ms` in milliseconds, at most a year. */
export function parseDuration (text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  const ms = Math.round(Number(amount) * (units[unit] ?? NaN))
  if (!(ms > 0 && ms <= MOST_MS)) throw new InvalidArgumentError('Use a number with a unit, at most 366d: 250ms, 90s, 10m, 1.5h, 2d.')
  return ms
}

/** The text of an option, if it is a time: the gateway reads it in the same way. An error names the option, not the field of the API. */
export function parseTimeText (text: string): string {
  parseTimeOption(text)
  return text
}

/** The time of an option, in ms. `or`: what else may be written. */
export function parseTimeOption (text: string, or = ''): number {
  const parsed = parseTime(text, 'time')
  if ('value' in parsed) return parsed.value
  const complete = withZone(text)
  throw new InvalidArgumentError(complete.length === 0
    ? `${describeInvalid(parsed.invalid)}.${or}`
    : `A time needs its zone: write ${complete.join(', or ')}.${or}`)
}

/** Such a text as UTC and in the zone of this computer. Empty for a text that is no day and no time without a zone. */
function withZone (text: string): string[] {
  const [, day, hours = '09:00', seconds = '00'] = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d))?)?$/.exec(text.trim()) ?? []
  const local = `${day ?? ''}T${hours}:${seconds}`
  if ('invalid' in parseTime(`${local}Z`, 'time')) return []
  const minutes = -new Date(local).getTimezoneOffset()
  const two = (value: number): string => String(Math.floor(Math.abs(value))).padStart(2, '0')
  const offset = `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
  return [...minutes === 0 ? [] : [`${local}${offset} (the zone of this computer)`], `${local}Z (UTC)`]
}

/** An integer from 1, in digits. */
export function parseCount (text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Use a whole number from 1, in digits.')
  return count
}

/** The value of an option `key=value` that may be repeated, with another key each time. */
export function collectEntries (entry: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(entry) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Use key=value.')
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError(`${key} is given twice.`)
  return { ...before, [key]: value }
}
