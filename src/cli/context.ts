import { type Command, Option } from 'commander'
import { SluiceClient } from '../client/index.js'
import { UsageError } from './exit.js'
import { parseDuration } from './duration.js'

interface Common { url: string, key?: string, json?: true, timeout: number }

/** What every command works with. */
export interface CliContext {
  client: SluiceClient
  json: boolean
  /** One line of JSON with `--json`, else the text. */
  print: (value: unknown, text: () => string) => void
}

/** The options of all commands. */
export function addCommonOptions (program: Command): void {
  program
    .addOption(new Option('--url <url>', 'address of the gateway').env('SLUICE_URL').default('http://localhost:3000'))
    // Its value is shown nowhere; in the environment the list of processes does not show it either.
    .addOption(new Option('--key <key>', 'an API key of the gateway; better in the environment').env('SLUICE_API_KEY'))
    .addOption(new Option('--timeout <duration>', 'how long a request may take with all its repeats').argParser(parseDuration).default(30_000, '30s'))
    .option('--json', 'JSON instead of tables, a line for each value')
}

export function openContext (command: Command): CliContext {
  const { url, key, json = false, timeout } = command.optsWithGlobals<Common>()
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new UsageError('the address of the gateway is a URL such as http://localhost:3000')
  return {
    client: new SluiceClient({ baseUrl: url, timeoutMs: timeout, ...(key === undefined || key === '' ? {} : { apiKey: key }) }),
    json,
    print: (value, text) => { process.stdout.write(`${json ? JSON.stringify(value) : text()}\n`) }
  }
}

/** Examples beneath a command's help, each with what it does. */
export function addExamples (command: Command, examples: Array<[line: string, does: string]>): void {
  const width = Math.max(...examples.map(([line]) => line.length))
  const rows = examples.map(([line, does]) => `  $ ${line.padEnd(width)}  # ${does}\n`)
  command.addHelpText('after', `\nExamples:\n${rows.join('')}`)
}
