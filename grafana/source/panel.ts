/** A panel as plain data, and what the SDK makes of it. */
import { StackingConfigBuilder, StackingMode, VizLegendOptionsBuilder, LegendDisplayMode, LegendPlacement, ReduceDataOptionsBuilder, BigValueColorMode, BigValueGraphMode, VizTooltipOptionsBuilder, TooltipDisplayMode, SortOrder, GraphThresholdsStyleConfigBuilder, GraphThresholdsStyleMode, VisibilityMode } from '@grafana/grafana-foundation-sdk/common'
import { DashboardLinkBuilder, DashboardLinkType, ThresholdsConfigBuilder, ThresholdsMode, MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
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

export interface Panel {
  title: string
  /** What is seen, and what is good or bad about it. */
  description: string
  kind: 'lines' | 'areas' | 'stat' | 'states' | 'heatmap' | 'table'
  unit: Unit
  /** PromQL and the legend of its series. */
  queries: Array<[expr: string, legend: string]>
  /** Alerts that watch the same number: their thresholds are drawn, their runbooks linked. */
  alerts?: string[]
  /** Alerts of the same matter that watch another number, such as a count over longer: only their runbooks are linked. */
  runbooks?: string[]
  /** From this number on it is yellow, from that red; the other way round where less is worse. Alerts give their own. */
  warnAt?: number
  badAt?: number
  lessIsWorse?: boolean
  /** Words for values, with a colour. */
  words?: Record<string, [word: string, colour: string]>
  /** Of 24 columns. */
  width?: number
}

// Grafana's own variable.
// eslint-disable-next-line no-template-curly-in-string
export const datasource = { type: 'prometheus', uid: '${datasource}' }

/** The panel of the runbooks board that holds this alert's. */
export type RunbookOf = (alert: string) => number

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
    .targets(panel.queries.map(([expr, legend], at) => {
      const query = new DataqueryBuilder().refId(String.fromCharCode(65 + at)).datasource(datasource).expr(expr).legendFormat(legend)
      if (panel.kind === 'heatmap') query.format(PromQueryFormat.Heatmap)
      if (panel.kind === 'table') query.format(PromQueryFormat.Table)
      return isInstant ? query.instant() : query.range()
    }))
  if (panel.words !== undefined) builder.mappings(mappingsOf(panel.words))
  if (panel.unit === 'percentunit') builder.min(0)
  return builder
}

/** Alerts whose runbooks a panel links. */
export function linksOf ({ alerts: watched = [], runbooks = [] }: Panel): string[] {
  return [...watched, ...runbooks]
}

/** A page of prose: a runbook. */
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

/** Grafana paints from each step upwards. */
function thresholdsOf (panel: Panel): ThresholdsConfigBuilder {
  const watched = alerts.filter(({ name }) => panel.alerts?.includes(name) === true)
  const waitingForMeanings = [...new Set(watched.flatMap(alert => alert.above ?? []))].sort((a, b) => a - b)
  const bad = panel.badAt ?? waitingForMeanings.at(-1)
  const warn = panel.warnAt ?? (waitingForMeanings.length > 1 ? waitingForMeanings[0] : undefined)
  const low = panel.lessIsWorse === true ? panel.badAt ?? watched[0]?.below : undefined
  const [best, worst] = low === undefined ? ['green', 'red'] : ['red', 'green']
  const steps = [
    { value: null, color: best },
    ...(warn === undefined || low !== undefined ? [] : [{ value: above(warn), color: 'orange' }]),
    ...(low === undefined && bad === undefined ? [] : [{ value: low ?? above(bad ?? 0), color: worst }])
  ]
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps)
}

/** An alert above 0 is about the first one; a step at 0 would paint what is well. */
const above = (threshold: number): number => threshold === 0 ? 1 : threshold

function mappingsOf (words: NonNullable<Panel['words']>): ValueMapping[] {
  const options = Object.fromEntries(Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]))
  return [{ type: MappingType.ValueToText, options }]
}
