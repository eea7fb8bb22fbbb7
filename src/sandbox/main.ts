import { parseArgs } from 'node:util'
import { createSandbox } from './sandbox.js'

// The sandbox as a process: `node dist/sandbox/main.js --port 4000` prints its URL; SIGTERM and SIGINT end it.
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' }
  }
})

const sandbox = await createSandbox({ port: Number(values.port), host: values.host })
console.log(sandbox.url)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // Once: a second signal kills the process.
  process.once(signal, () => { sandbox.close().catch(() => { process.exitCode = 1 }) })
}
