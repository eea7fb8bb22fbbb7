#!/usr/bin/env node
import { CommanderError } from 'commander'
import { exits, failWith } from './exit.js'
import { createProgram } from './program.js'

// A pipe whose reader has left, such as `| head`, is the end and no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exits.done)
  throw error
})

try {
  await createProgram().parseAsync()
} catch (error) {
  // The parser has said what is wrong; help and version end the same way, without a fault.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exits.done : exits.usage
  else failWith(error, process.argv.includes('--json'))
}
