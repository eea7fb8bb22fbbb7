/** What a sender sent in each minute of the last hour: as a line, as a sentence and as a table. */
import { clock, number } from './format.js'
import { t } from './i18n.js'
import { Icon } from './icons.js'
import { axisTop, lastHour } from './rates.js'
import { html } from './ui.js'

const MINUTE_MS = 60_000
/** Minutes of a row of the table. */
const STEP = 5
const [LEFT, RIGHT, TOP, BOTTOM] = [0, 300, 2, 110]

/** `perSecond`: the rate in force, which may be below the rule. */
export function RateChart ({ minutes, perSecond }) {
  const allowed = Math.round(perSecond * 60)
  const { sent } = minutes
  const { total, most } = lastHour({ minutes })
  const top = axisTop(most, allowed)
  const startOf = i => Math.floor(Date.now() / MINUTE_MS - sent.length + 1 + i) * MINUTE_MS
  const yOf = value => (BOTTOM - value / top * (BOTTOM - TOP)).toFixed(1)
  const points = sent.map((value, i) => `${(i / (sent.length - 1) * RIGHT).toFixed(1)} ${yOf(value)}`)
  const sum = total === 0 ? t('rate.none') : t('rate.sum', { n: number(total), most: number(most), time: clock(startOf(sent.indexOf(most))) })
  return html`<figure class="chart" id="rate-chart"><p class="axis"><span>${number(top)}</span>
      <span>${t('rate.allowed', { n: number(allowed) })}</span></p>
    <svg viewBox="0 0 300 112" preserveAspectRatio="none" role="img" aria-label=${`${t('rate.title')}: ${sum}`}>
      <path class="base" d=${`M${LEFT} ${TOP}H${RIGHT}M${LEFT} ${BOTTOM}H${RIGHT}`} />
      <path class="area" d=${`M${LEFT} ${BOTTOM}L${points.join('L')}L${RIGHT} ${BOTTOM}Z`} /><path class="over" d=${`M${points.join('L')}`} />
      ${allowed <= top && html`<path class="limit" d=${`M${LEFT} ${yOf(allowed)}H${RIGHT}`} />`}</svg>
    <p class="axis"><span>${clock(startOf(0))}</span><span>${clock(Date.now())}</span></p>
    <figcaption>${sum}.</figcaption>
    <details class="fold"><summary><${Icon} name="right" />${t('rate.table')}</summary><table class="table counts">
      <thead><tr><th>${t('rate.from')}</th><th class="num">${t('figure.sent')}</th><th class="num">${t('rate.failing')}</th></tr></thead>
      <tbody>${sent.flatMap((_, i) => i % STEP > 0
        ? []
        : [html`<tr key=${i}><td>${clock(startOf(i))}</td><td class="num">${sumOf(sent, i)}</td>
          <td class="num">${sumOf(minutes.failing, i)}</td></tr>`])}</tbody></table></details></figure>`
}

const sumOf = (values, from) => number(values.slice(from, from + STEP).reduce((total, value) => total + value, 0))
