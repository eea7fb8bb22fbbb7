import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { addCommonOptions, addExamples } from './context.js'
import { addDoctor } from './doctor.js'
import { addFailures, addRetry } from './failures.js'
import { addImport } from './import.js'
import { addCancel, addStatus, addWhy } from './messages.js'
import { addSend } from './send.js'
import { addPause, addResume } from './senders.js'
import { addStats } from './stats.js'

const EXIT_CODES = `
Exit codes: 0 done; 1 unexpected error; 2 wrong usage; 3 rejected, see the error code; 4 temporary: repeat it later;
5 import complete, some lines rejected; 130 import interrupted. doctor has its own.
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
  for (const add of [addSend, addStatus, addWhy, addFailures, addRetry, addCancel, addPause, addResume, addStats, addImport, addDoctor]) add(program)
  addExamples(program, [
    ['export SLUICE_URL=http://localhost:3000 SLUICE_API_KEY=…', 'address of the gateway, and your API key'],
    ['sluice send +1234567890 "Hello"', 'send a text'],
    ['sluice why +1234567890', 'show why messages to a recipient wait'],
    ['sluice import campaign.csv', 'send the messages in a file'],
    ['sluice help import', 'explain one command']
  ])
  return program.addHelpText('after', EXIT_CODES)
}
