/** Small components that several views use. */
import { age, aboutOf, briefOf, clock, exact, number, percent, phone } from './format.js'
import { t } from './i18n.js'
import { Icon } from './icons.js'
import { states, tones } from './states.js'
import { cx, html, useEffect, useState, useStore, createStore } from './ui.js'

/** Text of others: isolated, so that its direction changes nothing around it. */
export const Theirs = ({ text, class: name }) => html`<bdi class=${cx('theirs', name)}>${String(text)}</bdi>`

export function Button ({ icon, children, kind = '', small, busy, ...rest }) {
  return html`<button type="button" class=${cx('btn', kind, small && 'sm')} ...${rest} aria-busy=${busy ? 'true' : undefined}>
    ${icon && html`<${Icon} name=${icon} />`}${children}</button>`
}

export function IconButton ({ icon, label, ...rest }) {
  return html`<button type="button" class="btn ghost icon" aria-label=${label} title=${label} ...${rest}><${Icon} name=${icon} /></button>`
}

/** A state as icon and word; only what needs work has a coloured ground. */
export function State ({ status, code }) {
  return html`<span class=${`state is-${status}`}><${Icon} name=${states[status] ?? 'info'} />${t(`state.${status}`)}${
    code && status === 'failed' ? html` <b>${code}</b>` : null}</span>`
}

export const Tag = ({ tone = '', children }) => html`<span class=${cx('tag', tone)}>${children}</span>`

export function Time ({ iso, children }) {
  return html`<time datetime=${iso} title=${exact(iso)}>${children ?? clock(iso)}</time>`
}

/** The time that has passed, in one unit; the exact moment on hover. */
export function Age ({ iso }) {
  const ms = useNow(1000) - new Date(iso).getTime()
  return html`<${Time} iso=${iso}>${ms < 0 ? t('in', { span: age(-ms) }) : age(ms)}<//>`
}

const now = createStore(Date.now())
let watchers = 0
let timer

/** The current time; one timer for the whole page. */
export function useNow () {
  useEffect(() => {
    if (watchers++ === 0) timer = setInterval(() => { if (!document.hidden) now.set(Date.now()) }, 1000)
    return () => { if (--watchers === 0) clearInterval(timer) }
  }, [])
  return Math.max(useStore(now), 0)
}

export function Phone ({ text }) {
  return text === null || text === undefined ? html`<span class="dash">–</span>` : html`<${Theirs} class="nb" text=${phone(text)} />`
}

export function About ({ metadata }) {
  const about = aboutOf(metadata)
  return about === null ? html`<span class="dash">–</span>` : html`<${Theirs} text=${about} />`
}

export function Brief ({ message, type }) {
  const brief = briefOf(message, type)
  if (brief === null) return html`<span class="dash" title=${t('contentGone')}>–</span>`
  return html`<${Icon} name=${brief.icon} />${' '}<${Theirs} class=${brief.isName ? 'mono' : ''} text=${brief.text} />`
}

export function CopyButton ({ text, label = t('copy'), hotkey }) {
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => setDone(false), 1500)
    return () => clearTimeout(timer)
  }, [isDone])
  return html`<button type="button" class="copy" data-key=${hotkey} aria-label=${label} title=${isDone ? t('copied') : label}
    onClick=${async () => setDone(await copy(text))}>
    <${Icon} name=${isDone ? 'check' : 'copy'} /></button>`
}

/** Copies a text; false where the browser does not permit it. */
export async function copy (text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

/** Without TLS a page has no clipboard: the text is selected in a field and copied from there. */
function copyBySelection (text) {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'vh'
  document.body.append(field)
  field.select()
  const isCopied = document.execCommand('copy')
  field.remove()
  return isCopied
}

/** A bar from 0 to 1; its width is an attribute of SVG, since the policy of the page allows no inline style. */
export function Bar ({ share, tone = '' }) {
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
    <rect class=${tone} width=${Math.max(0, Math.min(100, share * 100))} height="4" /></svg>`
}

/** The last hour as a line; the words say the same. */
export function Spark ({ values, tone = '', label }) {
  const most = Math.max(1, ...values)
  const points = values.map((value, i) => `${(i / (values.length - 1) * 120).toFixed(1)} ${(25 - value / most * 23).toFixed(1)}`)
  return html`<svg class="spark" viewBox="0 0 120 28" preserveAspectRatio="none" role="img" aria-label=${label}>
    <path class="base" d="M0 26H120" /><path class="area" d=${`M0 26L${points.join('L')}L120 26Z`} />
      <path class=${cx('over', tone)} d=${`M${points.join('L')}`} /></svg>`
}

/** Bars of a series, from 0. */
export function Bars ({ values, label, tone = '' }) {
  const most = Math.max(1, ...values)
  const step = 100 / values.length
  return html`<svg class="bars" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label=${label}>
    ${values.map((value, i) => html`<rect class=${tone} x=${i * step + step * 0.1} width=${step * 0.8}
      y=${40 - Math.max(value > 0 ? 1.5 : 0.5, value / most * 40)} height=${Math.max(value > 0 ? 1.5 : 0.5, value / most * 40)} />`)}</svg>`
}

export function Figure ({ label, icon, value, unit, note, tone = '', children }) {
  return html`<div class=${cx('figure', tone)}><dt>${icon && html`<${Icon} name=${icon} />`}${label}</dt>
    <dd class="v">${typeof value === 'number' ? number(value) : value}${unit && html` <small>${unit}</small>`}${children}</dd>
    <dd class="s">${note ?? '\u00a0'}</dd></div>`
}

export function Empty ({ icon = 'search', tone, title, text, children }) {
  return html`<div class="empty"><span class=${cx(tone)}><${Icon} name=${icon} /></span>
    <h2>${title}</h2>${text && html`<p>${text}</p>`}${children}</div>`
}

/** Rows in grey, once loading takes longer than a moment. */
export function Skeleton ({ rows = 8 }) {
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300)
    return () => clearTimeout(timer)
  }, [])
  if (!isLate) return null
  return html`<ul class="loading" role="status" aria-label=${t('loading')}>${Array.from({ length: rows }, (_, i) =>
    html`<li key=${i}><span class="bone w0"></span><span class="bone w1"></span><span class="bone wx"></span></li>`)}</ul>`
}

/** One of several values, as a list that the browser opens. */
export function Select ({ id, label, value, options, onChange }) {
  return html`<label class="drop"><span class="vh">${label}</span>
    <select id=${id} value=${value} onChange=${event => onChange(event.target.value)}>
      ${options.map(([option, text]) => html`<option key=${option} value=${option} selected=${option === value}>${text}</option>`)}</select>
    <${Icon} name="down" /></label>`
}

/** The name of a sender for people: its own, or its phone number id. */
export const nameOf = sender => sender?.name ?? sender?.id ?? ''
export const nameIn = (senders, id) => nameOf(senders?.senders.find(sender => sender.id === id) ?? { id })
export const toneOf = status => tones[status] ?? 'plain'
export { number, percent }
