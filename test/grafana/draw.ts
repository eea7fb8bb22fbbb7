/** A drawing of a dashboard's queries as a page, since Grafana does not run here: the same panels in the same places, drawn plainly. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Series } from './monitoring.js'
import type { DashboardJson, PanelJson } from './panels.js'

const COLUMN = 62
const ROW = 26
const colours = ['#7eb26d', '#eab839', '#6ed0e0', '#ef843c', '#e24d42', '#1f78c1', '#ba43a9', '#705da0', '#508642', '#cca300']

/** Series of each panel, in the order of its queries, with the legend that names them. */
export type Drawn = Map<PanelJson, Array<{ series: Series, legend: string }>>

/** Writes a PNG by Chromium, whose path is given. */
export function draw (board: DashboardJson, drawn: Drawn, chromium: string, png: string): void {
  const panels = opened(board)
  const height = Math.max(...panels.map(({ gridPos: { y, h } }) => (y + h) * ROW)) + 40
  const width = 24 * COLUMN + 20
  const body = panels.map(panel => panel.type === 'row' ? rowOf(panel) : panelOf(panel, drawn.get(panel) ?? [])).join('')
  const page = `<meta charset="utf-8"><style>body{margin:10px;background:#111217;color:#ccccdc;font:12px "DejaVu Sans",sans-serif}
    div{position:absolute;box-sizing:border-box}.p{background:#181b1f;border:1px solid #2c2f36;padding:6px;overflow:hidden}.t{font-weight:bold}
    .v{font-size:26px;text-align:center;margin-top:14px}.l{font-size:10px;white-space:nowrap}</style>${body}`
  const dir = mkdtempSync(join(tmpdir(), 'sluice-draw-'))
  try {
    writeFileSync(join(dir, 'page.html'), page)
    execFileSync(
      chromium,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--hide-scrollbars',
        `--user-data-dir=${dir}/profile`,
        `--window-size=${width},${height}`,
        `--screenshot=${png}`,
        `file://${dir}/page.html`
      ],
      { stdio: 'ignore', timeout: 60_000 }
    )
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** All panels as they stand once each row is open. They stay the same objects, which are the keys of what is drawn. */
function opened ({ top }: DashboardJson): PanelJson[] {
  let added = 0
  return top.flatMap(panel => {
    const own = panel.panels ?? []
    const height = Math.max(0, ...own.map(({ gridPos: { y, h } }) => y + h - panel.gridPos.y - 1))
    for (const one of [panel, ...own]) one.gridPos.y += added
    added += height
    return [panel, ...own]
  })
}

function rowOf ({ title, gridPos: { y } }: PanelJson): string {
  return `<div class="t" style="left:12px;top:${y * ROW + 16}px">▾ ${title}</div>`
}

function panelOf (panel: PanelJson, lines: Array<{ series: Series, legend: string }>): string {
  const { x, y, w, h } = panel.gridPos
  const [width, height] = [w * COLUMN - 6, h * ROW - 6]
  const unit = panel.fieldConfig?.defaults.unit ?? ''
  const last = lines[0]?.series.values.filter(Number.isFinite).at(-1)
  const content =
    panel.type === 'stat'
      ? `<p class="v">${last === undefined ? '–' : (panel.fieldConfig?.defaults.mappings?.[0]?.options[last]?.text ?? say(last, unit))}</p>`
      : plot(lines, width - 14, height - 58, unit) +
        `<span class="l">${lines
          .slice(0, 9)
          .map(({ legend }, i) => `<b style="color:${colours[i % colours.length]}">▬</b> ${legend}`)
          .join(' ')}</span>`
  const style = `left:${x * COLUMN + 10}px;top:${y * ROW + 10}px;width:${width}px;height:${height}px`
  return `<div class="p" style="${style}"><span class="t">${panel.title}</span>${content}</div>`
}

/** Every panel over time is drawn as lines: stacks, heatmaps and tables too. */
function plot (lines: Array<{ series: Series }>, width: number, height: number, unit: string): string {
  const times = lines.flatMap(({ series }) => series.times)
  const [from, to] = [Math.min(...times), Math.max(...times)]
  const top = Math.max(...lines.flatMap(({ series }) => series.values.filter(Number.isFinite)), 0) || 1
  const paths = lines.map(({ series }, n) => {
    const points = series.values.flatMap((value, i) => Number.isFinite(value)
      ? [`${((series.times[i] ?? 0) - from) / (to - from || 1) * (width - 46) + 44},${height - Math.max(0, value) / top * (height - 6)}`]
      : [])
    return `<polyline fill="none" stroke="${colours[n % colours.length]}" stroke-width="1.5" points="${points.join(' ')}"/>`
  })
  return `<svg width="${width}" height="${height + 4}" style="display:block;margin-top:6px">
    <text x="0" y="10" fill="#888" font-size="9">${say(top, unit)}</text><text x="0" y="${height}" fill="#888" font-size="9">0</text>
    <line x1="44" y1="${height}" x2="${width}" y2="${height}" stroke="#333"/>${paths.join('')}</svg>`
}

function say (value: number, unit: string): string {
  if (unit === 's') return value >= 1 ? `${value.toFixed(1)} s` : `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`
  if (unit === 'percentunit') return `${(value * 100).toFixed(1)} %`
  if (unit === 'bytes') return `${(value / 2 ** 20).toFixed(1)} MiB`
  return `${Number(value.toPrecision(3))}${unit === 'mps' || unit === 'reqps' || unit === 'ops' ? '/s' : ''}`
}
