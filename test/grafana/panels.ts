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
  /** Of a row: whether it is closed, and then its panels. */
  collapsed?: boolean
  panels?: PanelJson[]
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
  /** As the file has them: the panels of a closed row are within it. */
  top: PanelJson[]
  /** All panels, each row before its own. */
  panels: PanelJson[]
  templating: { list?: Array<{ name: string, type: string, multi: boolean, includeAll: boolean, allValue?: string, query: unknown }> }
  annotations: { list?: Array<{ expr: string }> }
}

export const dashboards: DashboardJson[] = list('grafana/dashboards', '.json')
  .map(file => {
    const board = JSON.parse(read(file)) as DashboardJson
    return { ...board, file, top: board.panels, panels: board.panels.flatMap(panel => [panel, ...panel.panels ?? []]) }
  })

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
