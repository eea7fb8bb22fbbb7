import { isDailyReached } from './daily.js'
import { clock, number, percent, span } from './format.js'
import { t } from './i18n.js'
import { Icon } from './icons.js'
import { Bar, nameOf, Spark } from './parts.js'
import { figuresOf, isFailing, isSlower, lastHour, rateText, slowerText } from './rates.js'
import { href } from './router.js'
import { cx, html } from './ui.js'
import { troubleOf } from './shell.js'

/** What keeps a sender from sending, as a state; nothing unusual has no colour. */
export function SenderState ({ sender }) {
  const { state, circuit, reason, resumesAt } = sender
  if (state === 'paused') {
    const text = resumesAt === null ? t('sender.paused') : t('sender.pausedUntil', { time: clock(resumesAt) })
    return html`<span class="state is-paused"><${Icon} name="pause" />${text}</span>`
  }
  if (state === 'stopped') return html`<span class="state is-open"><${Icon} name="stopped" />${t('sender.stoppedCode', { code: reason })}</span>`
  if (circuit.state === 'closed') return html`<span class="state is-ok"><${Icon} name="closed" />${t('circuit.closed')}</span>`
  const tone = circuit.state === 'open' ? 'is-open' : 'is-paused'
  return html`<span class=${`state ${tone}`}><${Icon} name="circuit" />${t(`circuit.${circuit.state}`, { time: clock(circuit.since) })}</span>`
}

export const toneOfSender = sender =>
  ({ open: 'bad', stopped: 'bad', paused: 'warn', 'half-open': 'warn' })[troubleOf(sender)] ?? (isDailyReached(sender) ? 'warn' : '')

/** Whether nothing of its queue is sent. */
export const isHeld = sender => !['half-open', null].includes(troubleOf(sender))

/** How many senders fail, are paused, and send. */
export function statesText (senders) {
  const count = states => number(senders.filter(sender => states.includes(troubleOf(sender))).length)
  return t('sendersState', { failing: count(['open', 'stopped', 'half-open']), paused: count(['paused']), sending: count([null]) })
}

function EmptyIn ({ sender, figures }) {
  const { resumesAt, circuit, queued } = sender
  if (queued === 0) return html`<span class="quiet">–</span>`
  if (isHeld(sender)) {
    const until = circuit.nextProbeAt ?? resumesAt
    const text = until === null ? t('held.unknown') : t(sender.state === 'paused' ? 'held.resumes' : 'held.probe', { time: clock(until) })
    return html`${t('held')}<small>${text}</small>`
  }
  if (figures.emptyInMs === null) return html`<span class="quiet">${t('noRate')}</span>`
  return html`${span(figures.emptyInMs)}<small>${t('aboutAt', { time: clock(Date.now() + figures.emptyInMs) })}</small>`
}

/** One line for each sender: state, rate against its rule, failing share, waiting, when its queue is empty, and the last hour. */
export function SenderTable ({ senders, activity, selected, label }) {
  const of = id => activity?.senders.find(one => one.id === id)
  return html`<table class="table lines" aria-label=${label}>
    <thead><tr><th>${t('sender')}</th><th>${t('circuit')}</th><th>${t('rateNow')}</th><th class="num">${t('failing')}</th>
      <th class="num">${t('waiting')}</th>
      <th class="two">${t('emptyIn')}</th><th class="last">${t('lastHour')}</th></tr></thead>
    <tbody>${senders.map(sender => {
      const own = of(sender.id)
      const figures = figuresOf(sender, own)
      const tone = toneOfSender(sender)
      const hour = own === undefined ? null : lastHour(own)
      const failing = figures.failing === null ? '–' : percent(figures.failing)
      return html`<tr key=${sender.id} data-row data-sender=${sender.id} aria-current=${selected === sender.id ? 'true' : undefined}>
        <td class="who"><span class=${cx('dot', tone)}></span><span>
          <a data-link data-keep id=${`row-${sender.id}`} href=${href('senders', {}, sender.id)}>
          <bdi>${nameOf(sender)}</bdi></a>${sender.name !== null && html`<small>${sender.id}</small>`}</span></td>
        <td class="circ"><${SenderState} sender=${sender} /></td>
        <td class="rate"><div>${figures.perSecond === null ? '–' : rateText(figures.perSecond)}${' '}
            <small>${t('ofRate', { n: rateText(sender.rate.perSecond) })}</small></div>
          <${Bar} share=${(figures.perSecond ?? 0) / sender.rate.perSecond} tone=${tone} />
          ${isSlower(sender) && html`<small>${slowerText(sender)}</small>`}</td>
        <td class="num" data-head=${t('failing')}><span class=${cx(isFailing(figures) && 'bad-text')}>${failing}</span></td>
        <td class="num" data-head=${t('waiting')}>${number(sender.queued)}</td>
        <td class="two" data-head=${t('emptyIn')}><${EmptyIn} sender=${sender} figures=${figures} /></td>
        <td class="last">${own !== undefined && html`<${Spark} values=${own.minutes.sent} tone=${tone}
          label=${t('spark.label', { n: number(hour.total), most: number(hour.most) })} />`}</td></tr>`
    })}</tbody></table>`
}
