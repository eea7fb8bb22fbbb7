/**
 * Every panel shows something: a real Prometheus scrapes a real API node and a real worker while everything happens that they can count, and then
 * runs each query of each dashboard. Grafana itself does not run here.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../contract/tree.js'
import { startSandbox } from '../sandbox/support.js'
import { startNode } from '../support/gateway.js'
import { CALLBACK_SECRET, startReceiver } from '../support/receiver.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'
import {
  breakWhatsApp, drive, env, retryWhileUnavailable, removePairRates, operate, senders, reportDouble, enableStatuses, writeIn
} from './load.js'
import { draw, type Drawn } from './draw.js'
import { missing, startPrometheus, type Series } from './monitoring.js'
import { dashboards, queries, type PanelJson } from './panels.js'
import { parse } from './promql.js'
import { quickPrometheus, quickRules } from './shorten.js'

/** Panels without a series, each with the reason. */
const empty: Record<string, string> = {
  'Overview / Callers above their rate': 'no caller has a rate here',
  'Senders / Rate in force B': 'WhatsApp allows the rules here',
  'Senders / Bulk held': 'BULK_HOLD_MS is not set here',
  ...Object.fromEntries(['Daily limit used', 'Recipients of the daily limit A', 'Recipients of the daily limit B']
    .map(title => [`Senders / ${title}`, 'no sender has a daily limit here'])),
  ...Object.fromEntries(['Windows known', 'Closed windows A', 'Closed windows B', 'Closed windows C', 'Windows opened A', 'Windows opened B']
    .map(title => [`Senders / ${title}`, 'windows are not checked here']))
}
/** Panels whose value stays the same, each with the reason. */
const still: Record<string, string> = {
  'Overview / WhatsApp': 'the sandbox stands in from the start to the end',
  'Failures and retries / Removed early': 'no sender has 100,000 failures here',
  'Senders / Circuit breaker': 'it is off, since most attempts fail here all the time',
  'Senders / Suspended for templates': 'no template is paused here',
  'Senders / Templates stopped': 'nothing stops the templates of an account here',
  'Senders / Waiting while templates are stopped': 'and so none waits',
  'Senders / Waiting for their recipient': 'windows are not checked here',
  'Senders / Waiting for the daily limit': 'no sender has one here',
  'Senders / Waiting for rates of templates A': 'no template has a rate here',
  'Senders / Waiting for rates of templates B': 'no category has one here',
  'Senders / Failed reads of templates': 'no account is configured here',
  'Senders / Accepted without a status': 'it looks at messages of more than two minutes ago',
  'Redis and nodes / Clock steps': 'the clock of this Redis is not set',
  'Redis and nodes / Versions': 'both nodes keep their version and role',
}

const skip = missing('prometheus')
const fires = (name: string): string => `ALERTS{alertname="${name}", alertstate="firing"}`

await t.test('every panel has series on a real Prometheus, and every panel that can move moves', { skip }, async t => {
  const redis = await startRedis(t)
  const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
  const prefix = createPrefix()
  const file = join(redis.dir, 'senders.json')
  await writeFile(file, JSON.stringify(senders.map(id => ({ id }))))
  const options = { redisUrl: redis.url, apiUrl: sandbox.url, prefix }
  const callbacks = { CALLBACK_URL: (await startReceiver(t)).url, CALLBACK_SECRET }
  const node = await startNode(t, { ...options, env: { ...env(file), ...callbacks, ROLE: 'api' } })
  const worker = await startNode(t, { ...options, env: { ...env(file), ...callbacks, ROLE: 'worker' } })
  const addresses = [node, worker].map(({ origin }) => origin.replace('http://', ''))
  const prometheus = await startPrometheus(t, { 'prometheus.yml': quickPrometheus(addresses, null), 'alerts/rules.yml': quickRules() })
  const sees = async (expr: string): Promise<void> => {
    await until(`Prometheus sees ${expr}`, async () => {
      const { data: { result } } = await prometheus.get(`/api/v1/query?query=${encodeURIComponent(expr)}`)
      return result.length > 0
    }, 60_000)
  }
  await sees('sum(count_over_time(up[30s])) >= 4')
  const from = Date.now() - 2000

  let isOver = false
  await enableStatuses(sandbox, node)
  const driving = drive(node, () => isOver)
  await operate(node, async () => await sees('max(max_over_time(sluice_retry_worker_running[2s])) == 0'))
  await sees(fires('SluiceSenderStopped'))
  await sees('sluice_retry_results_total{result="succeeded"} > 4')
  // Otherwise the share of successful retries stays 1.
  await sees('sum(sluice_retry_results_total{result=~"failed|permanently_failed"}) > 0')
  await breakWhatsApp(sandbox)
  await writeIn(sandbox)
  const admin = redis.connect()
  const violations = (): string[] => [node, worker].flatMap(one => one.seen('pair.violated').map(({ id }) => id))
  await reportDouble(sandbox, node)
  const loose = await removePairRates(node, async recipient => await admin.zrem(`{${prefix}:111}:pair-tat`, recipient), () => violations().length > 0)
  for (const name of ['SluiceDoubleSends', 'SluiceSpacingViolated']) await sees(fires(name))
  await admin.config('SET', 'maxmemory', '64mb')
  await admin.config('SET', 'appendonly', 'no')
  // The audit's key has another type: an action that cannot be recorded is an unexpected error.
  await admin.set(`{${prefix}}:audit`, 'in the way')
  await retryWhileUnavailable(async () => await node.del('/rate-limits/+15550009001'))
  await admin.del(`{${prefix}}:audit`)
  await sees(fires('SluiceFaults'))
  await sees(fires('SluiceAofNotOk'))
  await admin.config('SET', 'appendonly', 'yes')
  await sees('sluice_redis_aof_ok == 1')
  await redis.kill()
  await sees(fires('SluiceRedisDown'))
  await redis.restart()
  await sees('min(sluice_redis_up) == 1')
  // From here on no worker drains the senders.
  await worker.close()
  await sees(fires('SluiceNodeDown'))
  await sees('sluice_shift_unattended_seconds > 1')
  isOver = true
  await driving
  // Rounded up to a whole step, so that the last one includes what was seen just now.
  const to = Date.now() + 1000

  const rows = await Promise.all(
    queries.map(async ({ place, panel, target }) => {
      const expr = target.expr
        .replaceAll('$__rate_interval', '5s')
        .replaceAll('$__range', '25s')
        .replaceAll('$__interval', '5s')
        .replaceAll('$job', 'sluice')
        .replaceAll('$sender', '.+')
      const series = (await prometheus.ask(expr, from, to)).filter(({ values }) => values.some(Number.isFinite))
      const hasMoved = series.some(({ values }) => new Set(values.filter(Number.isFinite)).size > 1)
      const drawn = series.map(one => ({
        series: one,
        legend: (target.legendFormat ?? '').replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => one.labels[label] ?? '')
      }))
      return { place, panel, drawn, series: series.length, hasMoved }
    })
  )
  t.comment(`panel → series, ${rows.length} queries over ${Math.round((to - from) / 1000)} s`)
  for (const { place, series, hasMoved } of rows) t.comment(`${place} → ${series}${hasMoved ? '' : ' (unmoved)'}`)
  if (process.env['DRAW'] !== undefined) drawOverview(rows)

  const names = (found: typeof rows): string[] => found.map(({ place }) => place).sort()
  t.strictSame(
    names(rows.filter(({ series }) => series === 0)),
    Object.keys(empty).sort(),
    'only the panels of the list have no series, each for its reason'
  )
  t.strictSame(
    names(rows.filter(({ series, hasMoved }) => series > 0 && !hasMoved)),
    Object.keys(still).sort(),
    'only the panels of the list did not move, each for its reason'
  )

  const text = await until('the node reads the state of the whole system', async () => {
    const scrape = await (await fetch(`${node.origin}/metrics`)).text()
    return scrape.includes('sluice_queue_messages') && scrape
  }, 60_000)
  const reported = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(match => match[1] ?? ''))
  const isReported = (name: string): boolean =>
    reported.has(name) || reported.has(name.replace(/_(bucket|sum|count)$/, '')) || ['up', 'ALERTS'].includes(name)
  const { data: { groups: [{ rules }] } } = await prometheus.get('/api/v1/rules')
  const asked = [...queries.map(({ target }) => target.expr), ...rules.map(({ query }: { query: string }) => query)]
    .flatMap(expr => parse(expr).selectors.map(({ metric }) => metric))
  t.strictSame([...new Set(asked)].filter(name => !isReported(name)), [], 'a real node reports every metric of the panels and alerts')
  const shown = new Set(asked.map(name => name.replace(/_(bucket|sum|count)$/, '')))
  t.strictSame([...reported].filter(name => name.startsWith('sluice_') && !shown.has(name)), [], 'every metric of Sluice is shown or watched')

  t.strictSame(
    await prometheus.ask('sluice_oldest_due_seconds > 0 and sluice_sender_open == 0', from, to),
    [],
    'no message of a paused or stopped sender is due'
  )

  const {
    data: { result }
  } = await prometheus.get(`/api/v1/query?query=${encodeURIComponent('count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[60s]))')}`)
  const fired = result.map(({ metric }: { metric: { alertname: string } }) => metric.alertname).sort() as string[]
  t.comment(`alerts that fired: ${fired.join(', ')}`)
  t.strictSame(violations().filter(id => !loose.has(id)), [], 'no other message was sent too early')
})

/** `DRAW=/usr/bin/chromium npm test -- test/grafana/panels.test.ts` makes docs/images/dashboard.png. */
function drawOverview (rows: Array<{ panel: PanelJson, drawn: Array<{ series: Series, legend: string }> }>): void {
  const board = dashboards.find(({ uid }) => uid === 'sluice-overview')
  if (board === undefined) return
  const all: Drawn = new Map()
  for (const { panel, drawn } of rows) all.set(panel, [...all.get(panel) ?? [], ...drawn])
  draw(board, all, process.env['DRAW'] ?? '', join(root, 'docs/images/dashboard.png'))
}
