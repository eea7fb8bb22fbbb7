/** Panels as plain data, built with Grafana's SDK. */
import {
  BigValueColorMode, BigValueGraphMode, GraphThresholdsStyleConfigBuilder, GraphThresholdsStyleMode, LegendDisplayMode, LegendPlacement,
  ReduceDataOptionsBuilder, SortOrder, StackingConfigBuilder, StackingMode, TooltipDisplayMode, VisibilityMode, VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder, DashboardLinkType, MappingType, ThresholdsConfigBuilder, ThresholdsMode, type ValueMapping
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Panel as GrafanaPanel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import * as stat from '@grafana/grafana-foundation-sdk/stat'
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline'
import * as table from '@grafana/grafana-foundation-sdk/table'
import * as text from '@grafana/grafana-foundation-sdk/text'
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'
import { alerts } from './alerts.js'

export type Unit = 'short' | 's' | 'mps' | 'reqps' | 'ops' | 'percentunit' | 'bytes' | 'bool' | 'dtdurations'

/** Text and colour by value. */
export type ValueTexts = Record<string, [text: string, colour: string]>
/** PromQL and the legend of its series. */
type Query = [expr: string, legend: string]

export interface Panel {
  title: string
  /** What the panel shows, and which values are good or bad. */
  description: string
  kind: 'lines' | 'areas' | 'stat' | 'states' | 'heatmap' | 'table'
  unit: Unit
  queries: Query[]
  /** Alerts on the same value: the panel draws their thresholds and links their runbooks. */
  alerts?: string[]
  /** Alerts on a related value, such as a count over a longer window: the panel links their runbooks only. */
  runbooks?: string[]
  /** Thresholds for orange and red; with `lessIsWorse`, red is below. Default: the thresholds of `alerts`. */
  warnAt?: number
  badAt?: number
  lessIsWorse?: boolean
  words?: ValueTexts
  /** Grid columns, of 24. */
  width?: number
}

// A dashboard variable.
// eslint-disable-next-line no-template-curly-in-string
export const datasource = { type: 'prometheus', uid: '${datasource}' }

/** Panel id of an alert's runbook on the runbooks dashboard. */
export type RunbookOf = (alert: string) => number

export function panel (title: string, options: Omit<Panel, 'title' | 'description' | 'queries'>, description: string, ...queries: Query[]): Panel {
  return { title, description, queries, ...options }
}

/** Texts of the values 1 (green) and 0 (red). */
export function yesNo (yes: string, no: string): ValueTexts {
  return { 1: [yes, 'green'], 0: [no, 'red'] }
}

export function buildPanel (panel: Panel, id: number, runbookOf: RunbookOf): Builder<GrafanaPanel> {
  const isInstant = panel.kind === 'stat' || panel.kind === 'table'
  const builder = builderOf(panel)
    .id(id)
    .title(panel.title)
    .description(panel.description)
    .datasource(datasource)
    .unit(panel.unit)
    .thresholds(thresholdsOf(panel))
    .links(linksOf(panel).map(name => new DashboardLinkBuilder(`Runbook: ${name}`)
      .type(DashboardLinkType.Link).url(`/d/sluice-runbooks/?viewPanel=${runbookOf(name)}`).targetBlank(true)))
    .targets(panel.queries.map(([expr, legend], i) => {
      const query = new DataqueryBuilder().refId(String.fromCharCode(65 + i)).datasource(datasource).expr(expr).legendFormat(legend)
      if (panel.kind === 'heatmap') query.format(PromQueryFormat.Heatmap)
      if (panel.kind === 'table') query.format(PromQueryFormat.Table)
      return isInstant ? query.instant() : query.range()
    }))
  if (panel.words !== undefined) builder.mappings(mappingsOf(panel.words))
  if (panel.unit === 'percentunit') builder.min(0)
  return builder
}

/** Alerts whose runbooks the panel links. */
export function linksOf ({ alerts: watched = [], runbooks = [] }: Panel): string[] {
  return [...watched, ...runbooks]
}

/** A text panel with a runbook. */
export function buildText (title: string, description: string, content: string, id: number): Builder<GrafanaPanel> {
  return new text.PanelBuilder().id(id).title(title).description(description).mode(text.TextMode.Markdown).content(content)
}

type AnyBuilder = timeseries.PanelBuilder | stat.PanelBuilder | statetimeline.PanelBuilder | heatmap.PanelBuilder | table.PanelBuilder

function builderOf ({ kind, alerts: watched, words }: Panel): AnyBuilder {
  switch (kind) {
    case 'stat':
      return new stat.PanelBuilder()
        .colorMode(words === undefined ? BigValueColorMode.Value : BigValueColorMode.Background)
        .graphMode(BigValueGraphMode.None)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    case 'states':
      return new statetimeline.PanelBuilder().showValue(VisibilityMode.Never).mergeValues(true)
    case 'heatmap':
      return new heatmap.PanelBuilder().calculate(false)
    case 'table':
      return new table.PanelBuilder().filterable(true)
    case 'lines':
    case 'areas':
      return lines(kind === 'areas', watched !== undefined)
  }
}

function lines (stacked: boolean, withThreshold: boolean): timeseries.PanelBuilder {
  return new timeseries.PanelBuilder()
    .lineWidth(1)
    .fillOpacity(stacked ? 30 : 5)
    .showPoints(VisibilityMode.Never)
    .axisSoftMin(0)
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None))
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(withThreshold ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off))
}

/** A step colours all values from its own upwards. */
function thresholdsOf (panel: Panel): ThresholdsConfigBuilder {
  const watched = alerts.filter(({ name }) => panel.alerts?.includes(name) === true)
  const bounds = [...new Set(watched.flatMap(alert => alert.above ?? []))].sort((a, b) => a - b)
  const bad = panel.badAt ?? bounds.at(-1)
  const warn = panel.warnAt ?? (bounds.length > 1 ? bounds[0] : undefined)
  const low = panel.lessIsWorse === true ? panel.badAt ?? watched[0]?.below : undefined
  const [best, worst] = low === undefined ? ['green', 'red'] : ['red', 'green']
  const steps = [
    { value: null, color: best },
    ...(warn === undefined || low !== undefined ? [] : [{ value: above(warn), color: 'orange' }]),
    ...(low === undefined && bad === undefined ? [] : [{ value: low ?? above(bad ?? 0), color: worst }])
  ]
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps)
}

/** An alert above 0 fires at the first event; a step at 0 would colour the normal state. */
const above = (threshold: number): number => threshold === 0 ? 1 : threshold

function mappingsOf (words: ValueTexts): ValueMapping[] {
  const options = Object.fromEntries(Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]))
  return [{ type: MappingType.ValueToText, options }]
}
