import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { addCancel } from './cancel.js'
import { addCommonOptions, addExamples } from './context.js'
import { addFailures } from './failures.js'
import { addImport } from './import.js'
import { addPause } from './pause.js'
import { addResume } from './resume.js'
import { addRetry } from './retry.js'
import { addSend } from './send.js'
import { addStats } from './stats.js'
import { addStatus } from './status.js'
import { addWhy } from './why.js'

const EXITS = `Exit codes: 0 done; 1 a surprise; 2 wrong usage; 3 refused, by the code that is told; 4 not now: repeat later;
5 an import is through and some lines were refused; 130 interrupted.
`

/** The command line: `sluice <command>`. `asJson`: the parser leaves it to its caller to say what is wrong with the arguments. */
export function createProgram (asJson = false): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  const program = new Command('sluice')
    .description('Sends WhatsApp messages through a Sluice gateway, and tells what became of them.')
    .version(version)
    .showHelpAfterError('(--help tells more)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  // Before the commands are added: they take it over from here.
  if (asJson) program.configureOutput({ writeErr: () => {} })
  addCommonOptions(program)
  for (const add of [addSend, addStatus, addWhy, addFailures, addRetry, addCancel, addPause, addResume, addStats, addImport]) add(program)
  addExamples(program, [
    ['export SLUICE_URL=http://localhost:3000 SLUICE_API_KEY=…', 'where the gateway is, and who you are'],
    ['sluice send +1234567890 "Hello"', 'sends a text'],
    ['sluice why +1234567890', 'what messages to somebody wait for'],
    ['sluice import campaign.csv', 'sends what a file holds'],
    ['sluice help import', 'everything about one command']
  ])
  return program.addHelpText('after', EXITS)
}
