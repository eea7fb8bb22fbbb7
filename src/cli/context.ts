import { type Command, Option } from 'commander'
import { SluiceClient } from '../client/index.js'
import { UsageError } from './exit.js'
import { parseDuration } from './duration.js'

interface CommonOptions { url: string, key?: string, json?: true, timeout: number }

/** What every command uses. */
export interface CliContext {
  client: SluiceClient
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
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new UsageError('--url must be a URL such as http://localhost:3000')
  return {
    client: new SluiceClient({ baseUrl: url, timeoutMs: timeout, ...(key === undefined || key === '' ? {} : { apiKey: key }) }),
    json,
    print: (value, text) => { process.stdout.write(`${json ? JSON.stringify(value) : text()}\n`) }
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
