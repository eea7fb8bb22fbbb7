/** What the set-up is made of: files, programs, and how they are run. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const at = (...parts) => join(root, ...parts)
const OUTPUT_LINES_SHOWN = 25

/** What is wrong, in words for whoever set out to start or to test. */
export class SetupFailed extends Error {}

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

export async function output (command) {
  return (await execute(command)).text
}

export async function run (command, complaint, options) {
  const { code, text } = await execute(command, options)
  if (code === 0) return
  const tail = text.trimEnd().split('\n').slice(-OUTPUT_LINES_SHOWN).map(line => `  ${line}`).join('\n')
  throw new SetupFailed(`${complaint} (${command.join(' ')}: ${code})\n${tail}`)
}

/** The command's exit code or signal, and all it said. A signal to us ends it too. */
function execute ([program, ...args], { cwd = root, env = {} } = {}) {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
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
