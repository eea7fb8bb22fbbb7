#!/usr/bin/env node
/**
 * `npm run prometheus`: Prometheus with the alerts of this repository, looking at the gateway of `npm start`; says which alert fires and which is
 * over. Where the system has no Prometheus it is unpacked into `.data` and never installed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, isExecutable, onPath } from './kit.mjs'
import { unpackMonitoring } from './setup.mjs'

const WEB = '127.0.0.1:9090'
const AGAIN_MS = 2000
const LINES_SHOWN = 5

const unpacked = at('.data', 'monitoring', 'root', 'usr', 'bin', 'prometheus')
if (!onPath('prometheus')) await unpackMonitoring(line => console.log(line))
const program = onPath('prometheus') ?? unpacked
if (!isExecutable(program)) {
  console.error('There is no Prometheus here, and apt has none to give: install it (prometheus.io/download, or brew install prometheus) and try again')
  process.exit(1)
}

const options = [`--config.file=${at('grafana', 'prometheus.local.yml')}`, `--storage.tsdb.path=${at('.data', 'prometheus')}`, `--web.listen-address=${WEB}`]
const child = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'] })
let log = ''
child.stderr.on('data', data => { log = (log + String(data)).split('\n').slice(-LINES_SHOWN - 1).join('\n') })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGTERM'))
const over = new AbortController()
child.once('exit', () => over.abort())

console.log('Prometheus looks at localhost:3000 every 5 s. What fires is told here; Ctrl-C ends it.')
// Debian's has no pages of its own, but every Prometheus answers queries.
console.log(`To ask it: http://${WEB}/api/v1/query?query=sluice_queue_messages`)
watch().catch(error => { if (!over.signal.aborted) throw error })
const [code] = await once(child, 'close')
if (code !== 0) console.error(`Prometheus ended with ${code}:\n${log}`)
process.exitCode = code ?? 1

/** Tells each alert once when it begins and once when it is over. */
async function watch () {
  const told = new Map()
  for (;;) {
    await sleep(AGAIN_MS, undefined, { signal: over.signal })
    const firing = await ask().catch(() => undefined)
    if (firing === undefined) continue
    for (const [key, { labels, annotations }] of firing) {
      if (!told.has(key)) console.log(`${now()} FIRING  ${labels.alertname} (${labels.severity}): ${annotations.summary}. Runbook: docs/runbooks.md#${labels.alertname.toLowerCase()}`)
    }
    for (const [key, { labels }] of told) if (!firing.has(key)) console.log(`${now()} over    ${labels.alertname}`)
    told.clear()
    for (const [key, alert] of firing) told.set(key, alert)
  }
}

/** What fires now, by its labels. */
async function ask () {
  const answer = await fetch(`http://${WEB}/api/v1/alerts`, { signal: over.signal })
  const { data } = await answer.json()
  return new Map(data.alerts.filter(({ state }) => state === 'firing').map(alert => [JSON.stringify(alert.labels), alert]))
}

function now () {
  return new Date().toTimeString().slice(0, 8)
}
