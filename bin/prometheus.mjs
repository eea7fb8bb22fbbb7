#!/usr/bin/env node
/**
 * `npm run prometheus`: starts Prometheus with the alerts of this repository; it scrapes the gateway of `npm start`. Prints when an alert
 * begins to fire and when it ends. Where the system has no Prometheus, it is unpacked into `.data`. `PORT`: of the gateway, as for `npm start`.
 * `PROMETHEUS_PORT`: of Prometheus.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, onPath } from './kit.mjs'
import { setup } from './setup.mjs'

const gateway = portOf('PORT', 3000)
const own = portOf('PROMETHEUS_PORT', 9090)
const WEB = `127.0.0.1:${own}`
const POLL_MS = 2000
const LINES_SHOWN = 5

await setup('monitoring')
const program = onPath('prometheus')
if (program === undefined) {
  console.error('No Prometheus: install it (prometheus.io/download, or brew install prometheus) and try again')
  process.exit(1)
}

// Of another port nothing is kept.
const data = own === 9090 ? at('.data', 'prometheus') : mkdtempSync(join(tmpdir(), 'sluice-prometheus-'))
mkdirSync(data, { recursive: true })
if (own !== 9090) process.once('exit', () => rmSync(data, { recursive: true, force: true }))
const options = [
  `--config.file=${writeConfig()}`,
  `--storage.tsdb.path=${data}`,
  `--web.listen-address=${WEB}`
]
const child = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'] })
let log = ''
child.stderr.on('data', data => { log = (log + String(data)).split('\n').slice(-LINES_SHOWN - 1).join('\n') })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGTERM'))
const ended = new AbortController()
child.once('exit', () => ended.abort())

console.log(`Prometheus scrapes localhost:${gateway} every 5 s. Alerts are printed here. Ctrl-C ends it.`)
// Debian's package has no web pages, but every Prometheus responds to queries.
console.log(`Query: http://${WEB}/api/v1/query?query=sluice_queue_messages`)
watchAlerts().catch(error => { if (!ended.signal.aborted) throw error })
const [code] = await once(child, 'close')
if (code !== 0) console.error(`Prometheus ended with ${code}:\n${log}`)
process.exitCode = code ?? 1

/** A port of the environment. */
function portOf (name, standard) {
  const text = process.env[name]?.trim() || String(standard)
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text)
  console.error(`${name} is ${JSON.stringify(text)}; allowed: a port from 1 to 65535`)
  process.exit(1)
}

/** The configuration with this gateway's port; the rules are where they are. Returns its path. */
function writeConfig () {
  const file = join(data, 'config.yml')
  const config = readFileSync(at('grafana', 'prometheus.local.yml'), 'utf8')
    .replace('alerts/rules.yml', at('grafana', 'alerts', 'rules.yml')).replace('localhost:3000', `localhost:${gateway}`)
  writeFileSync(file, config)
  return file
}

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
  const { data: { alerts } } = await response.json()
  return new Map(alerts.filter(({ state }) => state === 'firing').map(alert => [JSON.stringify(alert.labels), alert]))
}

function now () {
  return new Date().toTimeString().slice(0, 8)
}
