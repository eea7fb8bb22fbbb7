#!/usr/bin/env node
import { CommanderError } from 'commander'
import { exits, failWith, UsageError } from './exit.js'
import { createProgram } from './program.js'

// A pipe whose reader has left, such as `| head`, is the end and no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exits.done)
  throw error
})

const asJson = process.argv.includes('--json')
try {
  await createProgram(asJson).parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) failWith(error, asJson)
  // Help and version end this way too, without a fault.
  else if (error.exitCode === 0) process.exitCode = exits.done
  else if (asJson) failWith(new UsageError(error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '')), asJson)
  // The parser has said what is wrong.
  else process.exitCode = exits.usage
}
