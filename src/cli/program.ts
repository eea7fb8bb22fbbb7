import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { addCallers } from './callers.js'
import { addCampaigns } from './campaigns.js'
import { addCommonOptions, addExamples } from './context.js'
import { addDoctor } from './doctor.js'
import { exitMeanings, UsageError } from './exit.js'
import { addFailures, addRetry } from './failures.js'
import { addImport } from './import.js'
import { addFind } from './find.js'
import { addJobs } from './jobs.js'
import { addKeys } from './keys.js'
import { addCancel, addMove, addStatus, addWhy } from './messages.js'
import { addSend } from './send.js'
import { addPause, addRates, addResume, addSender, addTemplates } from './senders.js'
import { addStats } from './stats.js'

const EXIT_CODES = `
Exit codes, of all commands but doctor:
${Object.entries(exitMeanings).map(([code, meaning]) => `  ${code.padEnd(4)}${meaning.replaceAll('`', '')}`).join('\n')}
`

/** The command line `sluice <command>`. `asJson`: the parser prints no errors, so that the caller can print them as JSON. */
export function createProgram (asJson = false): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  const program = new Command('sluice')
    .description('Sends WhatsApp messages through a Sluice gateway, shows their state, and performs operator actions.')
    .version(version)
    .showHelpAfterError('(--help lists commands and options)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  // Commands inherit the configuration at the time they are added.
  if (asJson) program.configureOutput({ writeErr: () => {} })
  addCommonOptions(program)
  const commands = [
    addSend, addStatus, addFind, addWhy, addFailures, addRetry, addCancel, addMove, addSender, addPause, addResume, addTemplates, addRates,
    addCampaigns, addCallers, addJobs, addStats, addImport, addDoctor, addKeys
  ]
  for (const add of commands) add(program)
  program.hook('preAction', (_, { registeredArguments, args }) => checkArguments(registeredArguments.map(argument => argument.name()), args))
  addExamples(program, [
    ['export SLUICE_URL=http://localhost:3000 SLUICE_API_KEY=…', 'address of the gateway, and your API key'],
    ['sluice send +15550101234 "Hello"', 'send a text'],
    ['sluice why +15550101234', 'show why messages to a recipient wait'],
    ['sluice import campaign.csv', 'send the messages in a file'],
    ['sluice help import', 'explain one command']
  ])
  return program.addHelpText('after', EXIT_CODES)
}

/**
 * An empty argument is a variable without a value: as an ID it would be no part of the path of a request, and the path of all failures would be left.
 * Bytes that are not UTF-8 arrive as U+FFFD, and a customer would read that.
 */
function checkArguments (names: readonly string[], args: readonly string[]): void {
  const empty = args.findIndex(arg => arg === '')
  if (empty !== -1) throw new UsageError(`<${names[empty] ?? 'argument'}> is empty`)
  const lost = process.argv.find(arg => arg.includes('\ufffd'))
  if (lost !== undefined) throw new UsageError(`an argument is not UTF-8: ${JSON.stringify(lost.slice(0, 80))}. Set the terminal to UTF-8`)
}
