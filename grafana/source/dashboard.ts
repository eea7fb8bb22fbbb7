/** A dashboard as plain data: rows of panels. Panel ids, grid positions and variables follow the order of the list. */
import {
  AnnotationQueryBuilder, DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, DatasourceVariableBuilder,
  QueryVariableBuilder, RowBuilder, VariableRefresh, VariableSort, type Dashboard, type Panel as GrafanaPanel
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import { buildPanel, buildText, datasource, type Panel, type RunbookOf } from './panel.js'

export interface Row { title: string, panels: Panel[] }

export interface Board {
  uid: string
  title: string
  description: string
  rows: Row[]
  /** Only the first row is open. A closed row queries nothing. */
  collapsed?: boolean
}

const COLUMNS = 24
const HEIGHT = 8
const STAT_HEIGHT = 4
/** Panel ids start at 1, row ids here, so that a new row does not change panel ids. */
const FIRST_ROW = 1000

export function buildDashboard (board: Board, runbookOf: RunbookOf): Dashboard {
  const builder = frame(board.uid, board.title, board.description)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(variable('job', 'Job', 'label_values(sluice_build_info, job)'))
    .withVariable(variable('sender', 'Sender', 'label_values(sluice_sender_open{job=~"$job"}, sender)').allValue('.+'))
    .annotation(new AnnotationQueryBuilder()
      .name('Alerts').datasource(datasource).enable(true).iconColor('red')
      .expr('ALERTS{alertname=~"Sluice.+", alertstate="firing"}').step('30s').titleFormat('{{alertname}}').textFormat('{{sender}} {{instance}}'))
  let id = 0
  let y = 0
  board.rows.forEach(({ title, panels }, i) => {
    const isClosed = board.collapsed === true && i > 0
    const row = new RowBuilder(title).id(FIRST_ROW + i).gridPos({ x: 0, y, w: COLUMNS, h: 1 }).collapsed(isClosed)
    const { places, height } = arrange(panels, y + 1)
    const built = places.map(({ panel, gridPos }): Builder<GrafanaPanel> => {
      const content = buildPanel(panel, ++id, runbookOf).build()
      return { build: () => ({ ...content, gridPos }) }
    })
    // A closed row contains its panels; those of an open one stand beside it.
    if (isClosed) for (const panel of built) row.withPanel(panel)
    builder.withRow(row)
    if (!isClosed) for (const panel of built) builder.withPanel(panel)
    y += isClosed ? 1 : 1 + height
  })
  return builder.build()
}

interface Place { panel: Panel, gridPos: { x: number, y: number, w: number, h: number } }

/** Where the panels of a row are, from left to right. */
function arrange (panels: Panel[], top: number): { places: Place[], height: number } {
  let [x, y, deepest] = [0, top, 0]
  const places = panels.map(panel => {
    const w = panel.width ?? (panel.kind === 'stat' ? 4 : 8)
    const h = panel.kind === 'stat' ? STAT_HEIGHT : HEIGHT
    if (x + w > COLUMNS) [x, y, deepest] = [0, y + deepest, 0]
    const place = { panel, gridPos: { x, y, w, h } }
    x += w
    deepest = Math.max(deepest, h)
    return place
  })
  return { places, height: y + deepest - top }
}

/** The runbooks as a dashboard, so that panel links work in every Grafana: one text panel per alert, in order. */
export function buildRunbooks (pages: Array<{ alert: string, severity: string, text: string }>): Dashboard {
  const builder = frame('sluice-runbooks', 'Sluice / Runbooks', 'Meaning, diagnosis and remedy of each alert. The same text as docs/runbooks.md.')
  pages.forEach(({ alert, severity, text }, i) => {
    const built = buildText(`${alert} (${severity})`, `Runbook of ${alert}`, text, i + 1).build()
    builder.withPanel({ build: () => ({ ...built, gridPos: { x: i % 2 * 12, y: Math.floor(i / 2) * 9, w: 12, h: 9 } }) })
  })
  return builder.build()
}

function frame (uid: string, title: string, description: string): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['sluice'])
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .link(new DashboardLinkBuilder('Sluice').type(DashboardLinkType.Dashboards).tags(['sluice']).asDropdown(true).includeVars(true).keepTime(true))
}

/** `All` expands to the listed values. `.+` for the job would match every `up` and `process_…` of a shared Prometheus. */
function variable (name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: `${name}s` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ text: 'All', value: '$__all' })
}
