#!/usr/bin/env node
/**
 * `npm run prometheus`: starts Prometheus with the alerts of this repository; it scrapes the gateway of `npm start`. Prints when an alert
 * begins to fire and when it ends. Where the system has no Prometheus, it is unpacked into `.data`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, onPath } from './kit.mjs'
import { setup } from './setup.mjs'

const WEB = '127.0.0.1:9090'
const POLL_MS = 2000
const LINES_SHOWN = 5

await setup('monitoring')
const program = onPath('prometheus')
if (program === undefined) {
  console.error('No Prometheus: install it (prometheus.io/download, or brew install prometheus) and try again')
  process.exit(1)
}

const options = [
  `--config.file=${at('grafana', 'prometheus.local.yml')}`,
  `--storage.tsdb.path=${at('.data', 'prometheus')}`,
  `--web.listen-address=${WEB}`
]
const child = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'] })
let log = ''
child.stderr.on('data', data => { log = (log + String(data)).split('\n').slice(-LINES_SHOWN - 1).join('\n') })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGTERM'))
const ended = new AbortController()
child.once('exit', () => ended.abort())

console.log('Prometheus scrapes localhost:3000 every 5 s. Alerts are printed here. Ctrl-C ends it.')
// Debian's package has no web pages, but every Prometheus answers queries.
console.log(`Query: http://${WEB}/api/v1/query?query=sluice_queue_messages`)
watchAlerts().catch(error => { if (!ended.signal.aborted) throw error })
const [code] = await once(child, 'close')
if (code !== 0) console.error(`Prometheus ended with ${code}:\n${log}`)
process.exitCode = code ?? 1

/** Prints each alert once when it begins and once when it ends. */
async function watchAlerts () {
  let known = new Map()
  for (;;) {
    await sleep(POLL_MS, undefined, { signal: ended.signal })
    const firing = await firingAlerts().catch(() => undefined)
    if (firing === undefined) continue
    for (const [key, { labels, annotations }] of firing) {
      const { alertname, severity } = labels
      const runbook = `docs/runbooks.md#${alertname.toLowerCase()}`
      if (!known.has(key)) console.log(`${now()} FIRING  ${alertname} (${severity}): ${annotations.summary}. Runbook: ${runbook}`)
    }
    for (const [key, { labels }] of known) if (!firing.has(key)) console.log(`${now()} over    ${labels.alertname}`)
    known = firing
  }
}

/** By their labels. */
async function firingAlerts () {
  const response = await fetch(`http://${WEB}/api/v1/alerts`, { signal: ended.signal })
  const { data } = await response.json()
  return new Map(data.alerts.filter(({ state }) => state === 'firing').map(alert => [JSON.stringify(alert.labels), alert]))
}

function now () {
  return new Date().toTimeString().slice(0, 8)
}
