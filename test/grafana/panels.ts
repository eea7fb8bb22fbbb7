/** The committed dashboards, as Grafana would read them. */
import { list, read } from '../contract/tree.js'

export interface Target { refId: string, expr: string, legendFormat?: string, datasource?: { uid?: string }, instant?: boolean, range?: boolean }

export interface PanelJson {
  id: number
  type: string
  title: string
  description?: string
  datasource?: { uid?: string }
  gridPos: { x: number, y: number, w: number, h: number }
  fieldConfig?: { defaults: { unit?: string, thresholds?: { steps: unknown[] }, mappings?: Array<{ options: Record<string, { text: string }> }> } }
  targets?: Target[]
  links?: Array<{ title: string, url: string }>
  options?: { content?: string }
}

export interface DashboardJson {
  file: string
  uid: string
  title: string
  description?: string
  editable: boolean
  schemaVersion: number
  refresh: string
  time: { from: string }
  tags: string[]
  panels: PanelJson[]
  templating: { list?: Array<{ name: string, type: string, multi: boolean, includeAll: boolean, allValue?: string, query: unknown }> }
  annotations: { list?: Array<{ expr: string }> }
}

export const dashboards: DashboardJson[] = list('grafana/dashboards', '.json')
  .map(file => ({ file, ...JSON.parse(read(file)) as Omit<DashboardJson, 'file'> }))

/** The panels with queries. */
export const panelsOf = ({ panels }: DashboardJson): PanelJson[] => panels.filter(({ type }) => type !== 'row' && type !== 'text')

/** `Overview / Requests`, and its query. */
export const queries = dashboards.flatMap(board =>
  panelsOf(board).flatMap(panel =>
    (panel.targets ?? []).map(target => ({
      board,
      panel,
      target,
      place: `${board.title.replace('Sluice / ', '')} / ${panel.title}${panel.targets?.length === 1 ? '' : ` ${target.refId}`}`
    }))
  )
)
