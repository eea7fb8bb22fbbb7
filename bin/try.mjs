#!/usr/bin/env node
/** `npm run crash`, `npm run prove`: whatever is missing is installed and built; then a program of test/ runs, written in TypeScript. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setup } from './setup.mjs'

const [program = '', ...rest] = process.argv.slice(2)
const root = fileURLToPath(new URL('..', import.meta.url))

await setup({ quiet: true })
// The loader that tap runs the tests with; types are for `npm run typecheck`.
const child = spawn(process.execPath, ['--import', 'tsx', `${root}test/${program}`, ...rest], { cwd: root, stdio: 'inherit' })
// It ends its own children first.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.once('close', (code, signal) => { process.exitCode = code ?? (signal === null ? 0 : 1) })
