#!/usr/bin/env node
/** `npm run simulate`: provides what is missing, bundles the simulation, and runs it. One that imports hundreds of modules starts slowly. */
import { spawn } from 'node:child_process'
import { root } from './kit.mjs'
import { setup } from './setup.mjs'

await setup('dependencies', 'redis', 'clock')
// Only now: on a new machine setup has installed esbuild.
const { bundle } = await import('./bundle.mjs')
const [program = ''] = await bundle(['test/simulation/main.ts'])
const child = spawn(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.once('close', (code, signal) => { process.exitCode = code ?? (signal === null ? 0 : 1) })
