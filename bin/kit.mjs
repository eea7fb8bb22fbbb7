/** Helpers of the scripts in bin/: files, programs, and how programs are run. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const at = (...parts) => join(root, ...parts)
const OUTPUT_LINES_SHOWN = 25

// Programs that setup.mjs unpacked come before those of the system, here and in every process started from here.
const path = (process.env.PATH ?? '').split(delimiter)
if (!path.includes(at('.data', 'bin'))) process.env.PATH = [at('.data', 'bin'), ...path].join(delimiter)

/** An error whose message is enough for the user: no stack is printed. */
export class SetupFailed extends Error {}

/** All files below a folder; none where the folder is missing. */
export function files (dir) {
  if (!existsSync(dir)) return []
  return readdirSync(dir, { withFileTypes: true })
    .flatMap(entry => entry.isDirectory() ? files(join(dir, entry.name)) : [join(dir, entry.name)])
}

export function read (file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

export function hash (...parts) {
  return createHash('sha256').update(parts.join('\n')).digest('hex')
}

export function isExecutable (file) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

export function onPath (name) {
  return (process.env.PATH ?? '').split(delimiter).map(dir => join(dir, name)).find(isExecutable)
}

export async function succeeds (command, options) {
  return (await execute(command, options)).code === 0
}

/** The exit code of a command; a signal's name where one ended it. */
export async function codeOf (command) {
  return (await execute(command)).code
}

export async function output (command) {
  return (await execute(command)).text
}

/** Throws SetupFailed with `message` and the last lines of the output where the command fails. */
export async function run (command, message, options) {
  const { code, text } = await execute(command, options)
  if (code === 0) return
  const tail = text.trimEnd().split('\n').slice(-OUTPUT_LINES_SHOWN).map(line => `  ${line}`).join('\n')
  throw new SetupFailed(`${message} (${command.join(' ')}: ${code})\n${tail}`)
}

/** Exit code or signal, and the whole output. A SIGINT or SIGTERM to this process ends the command too. */
function execute ([program, ...args], { cwd = root } = {}) {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    child.stdout.on('data', data => { text += data })
    child.stderr.on('data', data => { text += data })

    const pass = signal => {
      child.kill(signal)
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
    process.once('SIGINT', pass).once('SIGTERM', pass)
    const end = code => {
      process.off('SIGINT', pass).off('SIGTERM', pass)
      resolve({ code, text })
    }
    child.once('error', error => {
      text += error.message
      end('not started')
    })
    child.once('close', (code, signal) => end(code ?? signal))
  })
}
