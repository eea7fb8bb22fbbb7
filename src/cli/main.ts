#!/usr/bin/env node
import { CommanderError } from 'commander'
import { exits, failWith, UsageError } from './exit.js'
import { createProgram } from './program.js'

// A closed pipe, as after `| head`, is a normal end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exits.done)
  throw error
})

const asJson = process.argv.includes('--json')
try {
  await createProgram(asJson).parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) failWith(error, asJson)
  // Help and version end with a CommanderError too.
  else if (error.exitCode === 0) process.exitCode = exits.done
  else if (asJson) failWith(new UsageError(error.code === 'commander.help' ? 'missing command' : error.message.replace(/^error: /, '')), asJson)
  // The parser has printed the error.
  else process.exitCode = exits.usage
}
