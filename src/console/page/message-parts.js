import { useCode } from './codes.js'
import { clock, exact, isSameDay, phone, seconds, shortDay } from './format.js'
import { historyOf } from './history.js'
import { t } from './i18n.js'
import { Icon } from './icons.js'
import { recipientOf } from './message-table.js'
import { CopyButton, nameOf, Theirs, Time } from './parts.js'
import { href } from './router.js'
import { cx, html } from './ui.js'

const waiting = { queued: 'clock', scheduled: 'clock', sending: 'clock', retrying: 'retry', unknown: 'unknown' }
const ticks = { ...waiting, sent: 'check', delivered: 'checks', read: 'checks' }

/** The text as a telephone shows it: on the right, with its time and ticks. */
export function Bubble ({ message }) {
  if (message.message === null) return html`<p class="note"><${Icon} name="info" /><span>${t('textGone')}</span></p>`
  const { status } = message
  const tone = ['failed', 'expired', 'cancelled'].includes(status) ? 'bad' : status === 'read' ? 'read' : ''
  return html`<div class="chat"><div class="bubble" id="bubble"><${Content} message=${message} />
    <p class="meta"><${Time} iso=${message.settledAt ?? message.createdAt} /><span class=${tone}>
      <${Icon} name=${ticks[status] ?? 'failed'} /></span></p></div></div>`
}

/** The text, the template with its parameters, or else the object as it is sent. */
function Content ({ message: { message: content, type } }) {
  if (typeof content === 'string') return html`<p class="content"><${Theirs} text=${content} /></p>`
  const body = typeof content[type] === 'object' && content[type] !== null ? content[type] : content
  if (typeof body.name === 'string') {
    const values = (body.components ?? []).flatMap(component => (component.parameters ?? []).map(one => one.text ?? one.payload ?? one.type))
    return html`<p class="content"><${Icon} name="template" /> <${Theirs} class="mono" text=${body.name} />
      ${body.language?.code && html` <span class="quiet">${body.language.code}</span>`}</p>
      ${values.length > 0 && html`<ol class="params">${values.map((value, i) => html`<li><span>${`{{${i + 1}}}`}</span>
        <${Theirs} text=${String(value)} /></li>`)}</ol>`}`
  }
  const text = typeof body.body === 'string' ? body.body : body.body?.text ?? body.caption
  return html`${text !== undefined && html`<p class="content"><${Theirs} text=${text} /></p>`}
    ${type !== 'text' && html`<pre class="content" tabindex="0"><${Theirs} text=${JSON.stringify(body, null, 2)} /></pre>`}`
}

/** What happened, with durations, and what comes next. The date stands where the day changes. */
export function Timeline ({ message }) {
  const rows = historyOf(message)
  let day = new Date()
  return html`<ol class="timeline" id="time-line">${rows.map((row, i) => {
    if (row.kind === 'wait') return html`<li key=${i} class=${cx('wait', row.isLong && 'long')}><span>${row.title}</span></li>`
    const isNewDay = row.at !== null && !isSameDay(row.at, day)
    if (row.at !== null) day = row.at
    const isLast = row.code !== undefined && !rows.slice(i + 1).some(other => other.code === row.code)
    return html`<li key=${i} class=${row.kind}><time datetime=${row.at ?? undefined} title=${row.at === null ? '' : exact(row.at)}>
        ${row.at === null ? '' : seconds(row.at)}${isNewDay && html`<small>${shortDay(row.at)}</small>`}</time>
      <span class=${`node ${row.tone}`}><${Icon} name=${row.icon} /></span>
      <div><p>${row.title}${row.code !== undefined && !isLast && html` <b>${row.code}</b>`}</p>${row.sub && html`<p class="sub">${row.sub}</p>`}
        ${isLast && html`<${CodeLine} code=${row.code} />`}
        ${row.original && html`<p class="sub original"><${Theirs} text=${row.original} /></p>`}</div></li>`
  })}</ol>`
}

/** What a code means; at its last occurrence only. */
function CodeLine ({ code }) {
  const explained = useCode(code)
  return html`<p class="sub"><b>${code}</b>${explained && html` ${explained.title}. ${explained.explanation}`}</p>`
}

export function Facts ({ message, sender }) {
  const to = recipientOf(message)
  const fact = (label, value, copied, hotkey) => value === null || value === undefined || value === ''
    ? null
    : html`<div key=${label}><dt>${label}</dt><dd>${value}${copied && html`<${CopyButton} text=${copied} hotkey=${hotkey}
      label=${`${t('copy')}: ${label}`} />`}</dd></div>`
  const text = value => value === null || value === undefined ? null : html`<${Theirs} text=${value} />`
  return html`<dl class="facts">
    ${fact(t('recipient'), to && html`<${Theirs} text=${phone(to)} />`, to && (/^\d/.test(to) ? `+${to}` : to), 'c')}
    ${fact(t('sender'), html`<a href=${href('senders', {}, message.sender)}><bdi>${nameOf(sender ?? { id: message.sender })}</bdi></a>`)}
    ${Object.entries(message.metadata ?? {}).map(([name, value]) => {
      const shown = typeof value === 'object' ? JSON.stringify(value) : String(value)
      return html`<div key=${`meta ${name}`}><dt><${Theirs} text=${name} /></dt><dd><${Theirs} text=${shown} />
        <${CopyButton} text=${shown} /></dd></div>`
    })}
    ${fact(t('caller'), text(message.caller))}
    ${fact(t('campaign'), message.campaign && html`<a href=${href('campaigns', {}, message.campaign)}><bdi>${message.campaign}</bdi></a>`)}
    ${fact(t('fact.kind'), text(message.type))}
    ${fact(t('move.lane'), message.priority && t(`lane.${message.priority}`))}
    ${fact(t('fact.category'), text(message.category))}
    ${fact(t('fact.accepted'), html`<span title=${exact(message.createdAt)}>${clock(message.createdAt)}</span>`)}
    ${fact(t('fact.attempts'), String(message.attemptCount))}
    ${fact(t('fact.waId'), text(message.waId && phone(message.waId)))}
    ${fact(t('fact.note'), text(message.note))}
    <div class="wide"><dt>${t('fact.id')}</dt><dd><code>${message.id}</code>
      <${CopyButton} text=${message.id} label=${`${t('copy')}: ${t('fact.id')}`} /></dd></div>
    ${message.idempotencyKey !== null && html`<div class="wide"><dt>${t('fact.key')}</dt><dd><code><${Theirs} text=${message.idempotencyKey} /></code>
      <${CopyButton} text=${message.idempotencyKey} label=${`${t('copy')}: ${t('fact.key')}`} /></dd></div>`}
    ${message.providerMessageId !== null && html`<div class="wide"><dt>${t('fact.wamid')}</dt><dd><code>
      <${Theirs} text=${message.providerMessageId} /></code>
      <${CopyButton} text=${message.providerMessageId} label=${`${t('copy')}: ${t('fact.wamid')}`} /></dd></div>`}</dl>`
}

export function RawJson ({ message }) {
  const text = JSON.stringify(message, null, 2)
  return html`<details class="fold"><summary><${Icon} name="right" />${t('rawJson')}<span class="end">${(text.length / 1000).toFixed(1)} kB</span>
    </summary>
    <pre tabindex="0"><${Theirs} text=${text} /></pre><${CopyButton} text=${text} label=${`${t('copy')}: JSON`} /></details>`
}
