/** The files in grafana/ load, describe themselves, and link to their runbooks. No server runs here. */
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { exprOf } from '../../grafana/source/alert.js'
import { alerts } from '../../grafana/source/alerts.js'
import { cases } from '../../grafana/source/cases.js'
import { boards, createOutputs } from '../../grafana/source/outputs.js'
import { readRunbooks } from '../../grafana/source/runbooks.js'
import { list, read } from '../contract/tree.js'
import { dashboards, panelsOf, queries } from './panels.js'
import { parse } from './promql.js'

/** Grafana's own variable. */
const isChosen = /^\$\{datasource\}$/
const isRate = /^(mps|reqps|ops)$/
const yaml = (path: string): any[] => parseAllDocuments(read(path)).map(document => document.toJS())
const [{ groups: [group] }] = yaml('grafana/alerts/rules.yml')
const rules = group.rules as Array<{ alert: string, expr: string, for?: string, labels: Record<string, string>, annotations: Record<string, string> }>
/** Where alerts lead: an operator may have written them with another address. */
const runbooks = rules[0]?.annotations['runbook_url']?.replace(/#.*/, '') ?? ''

await t.test('the files in grafana/ are those that npm run grafana writes', async t => {
  const outputs = createOutputs(runbooks, read('docs/runbooks.md'), read('grafana/README.md'))
  t.ok(outputs.size > 10)
  for (const [path, text] of outputs) t.ok(read(path) === text, `${path} (else: npm run grafana)`)
  const written = [...list('grafana/dashboards', ''), ...list('grafana/kubernetes', '')].filter(path => !outputs.has(path) && !path.endsWith('.md'))
  t.strictSame(written.filter(path => read(path).includes('npm run grafana')), [], 'no file is left over')
})

await t.test('every file of YAML and JSON parses', async t => {
  for (const path of list('grafana', '.yml')) {
    t.strictSame(parseAllDocuments(read(path)).flatMap(document => [...document.errors, ...document.warnings]), [], path)
  }
  for (const path of list('grafana', '.json')) t.doesNotThrow(() => JSON.parse(read(path)), path)
})

await t.test('every expression is PromQL', async t => {
  t.ok(queries.length > 80)
  const all = [...queries.map(({ place, target }) => ({ place, expr: target.expr })), ...rules.map(({ alert, expr }) => ({ place: alert, expr })),
    ...dashboards.flatMap(({ file, annotations }) => (annotations.list ?? []).map(({ expr }) => ({ place: file, expr })))]
  t.strictSame(all.filter(({ expr }) => parse(expr).error !== null), [])
  t.not(parse('sum by (x (rate(a[5m]))').error, null, 'an expression that is not would be found')
})

await t.test('every panel says what it shows, in which unit, of which job', async t => {
  const { faults, check } = createCheck()
  for (const board of dashboards) {
    check(
      (board.description ?? '') !== '' && !board.editable && board.tags.includes('sluice') && board.refresh !== '',
      `${board.uid} is described, kept as it is, tagged and refreshed`
    )
    const ids = board.panels.map(({ id }) => id)
    check(new Set(ids).size === ids.length, `${board.uid} numbers each panel once`)
    for (const { title, description = '', fieldConfig, datasource, targets = [] } of panelsOf(board)) {
      const place = `${board.uid} / ${title}`
      check(title !== '' && description.length > 15, `${place} has a title and a description`)
      check(fieldConfig?.defaults.unit !== undefined, `${place} has a unit`)
      const steps = fieldConfig?.defaults.thresholds?.steps.length ?? 0
      check(steps > 0, `${place} has thresholds, if only one`)
      check(steps === 1 || !isRate.test(fieldConfig?.defaults.unit ?? ''), `${place} draws no threshold over a rate: no alert watches one`)
      check(isChosen.test(datasource?.uid ?? ''), `${place} takes the chosen data source`)
      check(
        targets.length > 0 && new Set(targets.map(({ refId }) => refId)).size === targets.length,
        `${place} asks for something, and each by a name of its own`
      )
    }
  }
  t.strictSame(faults, [])
})

await t.test('every query selects the chosen job, counters by their growth, and what is the same on all nodes once', async t => {
  const { faults, check } = createCheck()
  for (const { place, panel, target } of queries) {
    check(isChosen.test(target.datasource?.uid ?? ''), `${place} takes the chosen data source`)
    check(panel.type === 'table' || (target.legendFormat ?? '') !== '', `${place} names its series`)
    for (const { metric, matchers, within, range } of parse(target.expr).selectors) {
      if (metric === 'ALERTS') continue
      check(matchers.includes('job=~"$job"'), `${place}: ${metric} is of the chosen job`)
      const isCounter = /_(total|count|sum|bucket)$/.test(metric)
      const isGrowth = ['rate', 'increase'].includes(within[0] ?? '') || isYoung(target.expr, metric)
      check(isCounter === isGrowth, `${place}: ${metric} is asked for by its growth if it counts, and else as it is`)
      check(
        !isCounter || range === '' || range === '$__rate_interval' || (/^(\$__range|10m)$/.test(range) && target.instant === true),
        `${place}: ${metric} over ${range}`
      )
      check(
        isCounter || !/^sluice_/.test(metric) || within.some(name => ['max', 'min'].includes(name)),
        `${place}: ${metric} is not summed over nodes`
      )
    }
  }
  t.strictSame(faults, [])
})

await t.test('panels fill the grid and do not overlap', async t => {
  const { faults, check } = createCheck()
  const groups = dashboards.flatMap(({ uid, top }) => [{ uid, panels: top }, ...top.map(row => ({ uid, panels: row.panels ?? [] }))])
  for (const { uid, panels } of groups) {
    const taken = new Set<string>()
    for (const { title, gridPos: { x, y, w, h } } of panels) {
      check(x >= 0 && x + w <= 24, `${uid} / ${title} is within the page`)
      for (let cell = 0; cell < w * h; cell++) {
        const place = `${x + cell % w},${y + Math.floor(cell / w)}`
        check(!taken.has(place), `${uid} / ${title} lies over another at ${place}`)
        taken.add(place)
      }
    }
  }
  t.strictSame(faults, [])
})

await t.test('the overview shows six numbers, and each other row is closed until a reader opens it', async t => {
  const [first, ...others] = dashboards.find(({ uid }) => uid === 'sluice-overview')?.top ?? []
  t.match(first, { type: 'row', title: 'Is all well?', collapsed: false })
  const numbers = others.filter(({ type }) => type !== 'row')
  t.strictSame(numbers.map(({ type, gridPos: { y } }) => `${type} ${y}`), Array.from({ length: 6 }, () => 'stat 1'))
  const rows = others.filter(({ type }) => type === 'row')
  t.ok(rows.length > 5 && rows.every(row => row.collapsed === true && (row.panels ?? []).length > 0))
})

await t.test('every dashboard has variables for source, job and senders', async t => {
  for (const board of dashboards.filter(board => panelsOf(board).length > 0)) {
    const [source, job, sender] = board.templating.list ?? []
    t.match(source, { name: 'datasource', type: 'datasource', query: 'prometheus' })
    for (const [name, variable] of [['job', job], ['sender', sender]] as const) {
      t.match(variable, { name, type: 'query', multi: true, includeAll: true }, `${board.uid} has ${name}`)
    }
    t.equal(job?.allValue, undefined, 'the variable lists jobs of Sluice only')
  }
})

await t.test('every metric of an alert is on a panel, which links to the runbook', async t => {
  const { faults, check } = createCheck()
  const pages = dashboards.find(({ uid }) => uid === 'sluice-runbooks')?.panels ?? []
  for (const { name } of alerts) {
    const linked = dashboards.flatMap(panelsOf).flatMap(panel => panel.links ?? []).filter(({ title }) => title === `Runbook: ${name}`)
    check(linked.length > 0, `${name} is on a panel`)
    for (const { url } of linked) {
      const page = pages.find(({ id }) => id === Number(/^\/d\/sluice-runbooks\/\?viewPanel=(\d+)$/.exec(url)?.[1]))
      check(page?.title.startsWith(`${name} (`) === true && (page.options?.content ?? '').includes('**Remedy.**'), `${url} is the page of ${name}`)
    }
  }
  const provisioned = yaml('grafana/provisioning/alerting/rules.yml')[0].groups[0].rules as Array<{
    title: string
    dashboardUid: string
    panelId: number
  }>
  for (const { title, dashboardUid, panelId } of provisioned) {
    const panel = dashboards.find(({ uid }) => uid === dashboardUid)?.panels.find(({ id }) => id === panelId)
    check(panel?.links?.some(link => link.title === `Runbook: ${title}`) === true, `${title} names the panel that shows it`)
  }
  t.strictSame(faults, [])
})

await t.test('runbooks name existing dashboards and panels', async t => {
  const titles = new Map(dashboards.map(board => [board.title.replace('Sluice / ', ''), board.panels.map(({ title }) => title)]))
  // *Dashboard*, and then its panels in quotes.
  const named = [...read('docs/runbooks.md').matchAll(/(?<!\*)\*([A-Z][\w ]+)\*(?!\*)([^*]*)/g)]
    .flatMap(([, board = '', rest = '']) => [...rest.matchAll(/"([A-Z][^"]+)"/g)].map(([, panel = '']) => ({ board, panel })))
  t.ok(named.length > 30)
  t.strictSame(named.filter(({ board, panel }) => titles.get(board)?.includes(panel) !== true), [])
})

await t.test('a threshold is drawn over the metric of its alert, and where two are, both are visible', async t => {
  const { faults, check } = createCheck()
  const metricsOf = (expr: string): string[] => parse(expr).selectors.map(({ metric }) => metric)
  for (const { uid, panel } of boards.flatMap(({ uid, rows }) => rows.flatMap(({ panels }) => panels.map(panel => ({ uid, panel }))))) {
    const shown = panel.queries.flatMap(([expr]) => metricsOf(expr))
    for (const alert of alerts.filter(({ name }) => panel.alerts?.includes(name))) {
      check(metricsOf(alert.value).every(metric => shown.includes(metric)), `${uid} / ${panel.title} shows what ${alert.name} watches`)
    }
  }
  t.strictSame(faults, [])
  const oldest = dashboards.flatMap(panelsOf).find(({ title }) => title === 'Oldest due')
  t.match(oldest?.fieldConfig?.defaults.thresholds?.steps, [{ color: 'green' }, { value: 30, color: 'orange' }, { value: 120, color: 'red' }])
})

await t.test('every alert pages or files a ticket, has a runbook of four parts, and cases in which it fires, ends and stays quiet', async t => {
  const { faults, check } = createCheck()
  const pages = readRunbooks(read('docs/runbooks.md'))
  t.strictSame(pages.map(({ alert }) => alert).sort(), alerts.map(({ name }) => name).sort(), 'a runbook for each alert, and no other')
  const incidents = read('docs/runbooks.md').split('\n').filter(line => /^\| .*\(#sluice/.test(line))
  t.match(incidents[0], /^\| WhatsApp is down \|/)
  const byIncident = incidents.flatMap(line => [...line.matchAll(/\[(Sluice\w+)\]/g)].map(([, name = '']) => name))
  t.strictSame(byIncident.sort(), alerts.map(({ name }) => name).sort(), 'each alert belongs to one incident')
  for (const { alert: name, labels, annotations } of rules) {
    check(/^(page|ticket)$/.test(labels['severity'] ?? '') && annotations['summary'] !== undefined, `${name} pages or files a ticket, with a summary`)
    const [file, heading] = (annotations['runbook_url'] ?? '').split('#')
    check(file !== '' && heading === name.toLowerCase(), `${name} leads to its runbook`)
    const text = pages.find(({ alert }) => alert === name)?.text ?? ''
    for (const part of ['**Meaning.**', '**Look first.**', '**Remedy.**', '**Ignore when**']) check(text.includes(part), `${name}: ${part}`)
    const mine = cases.filter(({ alert }) => alert === name)
    const fires = mine.filter(({ kind }) => kind === 'fires').map(({ at }) => Object.values(at).map(firing => firing.length > 0))
    check(fires.some(moments => moments.includes(true) && moments.at(-1) === false), `${name} fires and recovers`)
    const quiet = mine.filter(({ kind }) => kind === 'quiet')
    check(quiet.length > 0 && quiet.every(({ at }) => Object.values(at).every(firing => firing.length === 0)), `${name} stays quiet`)
  }
  t.strictSame(faults, [])
})

await t.test('the four alerts of the original are unchanged', async t => {
  const exprs = Object.fromEntries(alerts.map(alert => [alert.name, exprOf(alert)]))
  t.match(exprs['SluicePendingFailures'], / > 100$/)
  t.match(exprs['SluicePermanentFailures'], /sluice_delivery_failures_unacknowledged.* > 10$/)
  t.match(exprs['SluiceQueueLong'], /state=~"waiting\|delayed".* > 1000$/)
  t.match(exprs['SluiceRetryWorkerStopped'], /sluice_retry_worker_running.* < 1$/)
})

await t.test('the rules of Grafana and Kubernetes equal those of Prometheus', async t => {
  const [{ spec }] = yaml('grafana/kubernetes/prometheus-rule.yml')
  t.strictSame(spec.groups[0].rules, rules)
  const provisioned = yaml('grafana/provisioning/alerting/rules.yml')[0].groups[0].rules as any[]
  t.strictSame(provisioned.map(({ title }) => title), rules.map(({ alert }) => alert))
  for (const rule of provisioned) {
    const original = rules.find(({ alert }) => alert === rule.title)
    const [ask, reduce, compare] = rule.data
    const { type, params: [threshold] } = compare.model.conditions[0].evaluator
    t.equal(rule.condition, 'C')
    t.match([ask.model.expr, reduce.model, compare.model], [String, { type: 'reduce', expression: 'A' }, { type: 'threshold', expression: 'B' }])
    t.equal(original?.expr.startsWith(`${ask.model.expr.split(' and on ')[0]} ${type === 'gt' ? '>' : '<'} ${threshold}`), true, rule.title)
    t.strictSame([rule.labels, rule.for], [original?.labels, original?.for ?? '0s'])
    t.ok(rule.uid.length <= 40 && !/\$/.test(rule.annotations.summary), 'no text that Grafana would expand')
  }
  for (const map of yaml('grafana/kubernetes/dashboards.yml')) {
    const [[name, text]] = Object.entries(map.data as Record<string, string>) as [[string, string]]
    t.strictSame(JSON.parse(text), JSON.parse(read(`grafana/dashboards/${name}`)), name)
    t.ok(text.length < 200_000, 'kubectl apply accepts it')
  }
})

/** A counter that had no sample in the window before has grown by all it has. */
function isYoung (expr: string, metric: string): boolean {
  return new RegExp(
    `(${metric}\\{[^}]*\\}) unless last_over_time\\(\\1\\[\\$__rate_interval\\] offset \\$__rate_interval\\)\\) or increase\\(\\1`
  ).test(expr)
}

/** Collects failed checks, since thousands of small assertions are unreadable. */
function createCheck (): { faults: string[], check: (isSo: boolean, sentence: string) => void } {
  const faults: string[] = []
  return { faults, check: (isSo, sentence) => { if (!isSo) faults.push(sentence) } }
}
