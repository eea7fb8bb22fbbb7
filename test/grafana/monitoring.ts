/** Prometheus and Alertmanager as they come from Debian: real processes on loopback, with files of their own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { root } from '../contract/tree.js'
import { freePort } from '../support/process.js'
import { onPath, provide } from '../support/provide.js'
import { until } from '../support/until.js'

type Name = 'prometheus' | 'promtool' | 'prometheus-alertmanager' | 'amtool'

/** Debian's Alertmanager reads its templates from here and from nowhere else; unpacked without root it has none. */
const TEMPLATES = '/usr/share/prometheus/alertmanager'

await provide('monitoring')

export function find (name: Name): string | null {
  if (name === 'prometheus-alertmanager' && !existsSync(TEMPLATES)) return null
  return onPath(name)
}

/** Why a test that needs them cannot run; false if it can. On CI they have to exist, so no test is skipped unnoticed. */
export function missing (...names: Name[]): string | false {
  const away = names.filter(name => find(name) === null)
  if (away.length === 0 || process.env['CI'] === 'true') return false
  return `${away.join(' and ')} not found: apt did not provide prometheus and prometheus-alertmanager; install them and run the test again`
}

/** Runs one of the two tools; returns its output if it fails, else ''. */
export function complaintOf (name: 'promtool' | 'amtool', args: string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(find(name) ?? name, args, { cwd: root, input, encoding: 'utf8' })
  return status === 0 ? '' : `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` || `ended with ${status}`
}

export interface Prometheus {
  url: string
  /** A range query, a value a second. */
  ask: (expr: string, fromMs: number, toMs: number) => Promise<Series[]>
  get: (path: string) => Promise<QueryResponse>
}

/** Values by their times, s. */
export interface Series { labels: Record<string, string>, times: number[], values: number[] }
interface QueryResponse { status: string, error?: string, data: any }

/** Files by their name in the server's folder; `prometheus.yml` is its configuration. */
export async function startPrometheus (t: Pick<Test, 'teardown'>, files: Record<string, string>): Promise<Prometheus> {
  const dir = await folder(t, files)
  const port = await freePort()
  await run(
    t,
    'prometheus',
    [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
    port
  )
  const url = `http://127.0.0.1:${port}`
  const get: Prometheus['get'] = async path => await (await fetch(url + path)).json() as QueryResponse
  return {
    url,
    get,
    async ask (expr, fromMs, toMs) {
      const body = new URLSearchParams({ query: expr, start: String(fromMs / 1000), end: String(toMs / 1000), step: '1' })
      const response = await (await fetch(`${url}/api/v1/query_range`, { method: 'POST', body })).json() as QueryResponse
      if (response.status !== 'success') throw new Error(`${response.error}: ${expr}`)
      return (response.data.result as Array<{ metric: Record<string, string>, values: Array<[number, string]> }>)
        .map(({ metric, values }) => ({ labels: metric, times: values.map(([time]) => time), values: values.map(([, value]) => Number(value)) }))
    }
  }
}

export async function startAlertmanager (t: Pick<Test, 'teardown'>, files: Record<string, string>): Promise<string> {
  const dir = await folder(t, files)
  const port = await freePort()
  // An empty cluster address: else it would listen for other Alertmanagers on all interfaces.
  await run(
    t,
    'prometheus-alertmanager',
    [
      `--config.file=${dir}/alertmanager.yml`,
      `--storage.path=${dir}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=warn'
    ],
    port
  )
  return `http://127.0.0.1:${port}`
}

async function run (t: Pick<Test, 'teardown'>, name: Name, args: string[], port: number): Promise<void> {
  const child = spawn(find(name) ?? name, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', data => { said += String(data) })
  child.once('error', error => { said += error.message })
  t.teardown(async () => await end(child))
  await until(`${name} is ready`, async () => {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${name} ended: ${said}`)
    return await fetch(`http://127.0.0.1:${port}/-/ready`).then(({ ok }) => ok, () => false)
  }, 20_000)
}

async function end (child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function folder (t: Pick<Test, 'teardown'>, files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-monitoring-'))
  t.teardown(async () => await rm(dir, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), text)
  }
  return dir
}
