#!/usr/bin/env node
/** `npm run crash`, `npm run prove`: provides what is missing, then runs a TypeScript program of test/. */
import { spawn } from 'node:child_process'
import { root } from './kit.mjs'
import { setup } from './setup.mjs'

const [program = '', ...rest] = process.argv.slice(2)

await setup('build', 'redis')
const child = spawn(process.execPath, ['--import', 'tsx', `${root}test/${program}`, ...rest], { cwd: root, stdio: 'inherit' })
// The program ends its own children first.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.once('close', (code, signal) => { process.exitCode = code ?? (signal === null ? 0 : 1) })
