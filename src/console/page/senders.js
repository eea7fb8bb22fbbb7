import { mayAct } from './app.js'
import { useCode } from './codes.js'
import { bulkText, isBulkHeld } from './bulk-hold.js'
import { ContentRates } from './content-rates.js'
import { dailyNote, dailyRule, dailyText, hasLimit, isDailyReached } from './daily.js'
import { useFeed } from './feed.js'
import { healthText, problemsOf } from './health.js'
import { age, clock, number, pausedBy, percent, span } from './format.js'
import { t, tn } from './i18n.js'
import { HeldTemplates } from './held-templates.js'
import { Icon } from './icons.js'
import { Button, CopyButton, Empty, Figure, nameOf, Skeleton, useNow } from './parts.js'
import { RateChart } from './rate-chart.js'
import { figuresOf, isFailing, isSlower, slowerText, totalsOf } from './rates.js'
import { href } from './router.js'
import { editRule, pause, resume, setWorker } from './sender-actions.js'
import { isHeld, SenderTable, statesText, toneOfSender } from './sender-line.js'
import { troubleOf } from './shell.js'
import { cx, html, useLayoutEffect, useState } from './ui.js'

/** Senders that are listed at once; more are found by name. */
const SHOWN = 100

export function sendersView ({ id }) {
  const senders = useFeed('senders')
  const activity = useFeed('activity')
  const [wanted, setWanted] = useState('')
  useNow()
  const all = senders?.senders ?? []
  const fitting = all.filter(sender => `${sender.name ?? ''} ${sender.id}`.toLowerCase().includes(wanted.toLowerCase()))
  const first = all.find(one => troubleOf(one) !== null) ?? all.find(isDailyReached) ?? all[0]
  const sender = all.find(one => one.id === id) ?? (id === '' ? first : undefined)
  return html`<main id="main" class="page" tabindex="-1"><div class="head"><h1>${t('senders')}</h1>
      ${senders !== null && html`<span class="quiet">${statesText(all)}</span>`}
      ${all.length > 8 && html`<label class="end"><span class="vh">${t('filterSenders')}</span>
        <input class="input" id="filter" type="search" placeholder=${t('filterSenders')} value=${wanted}
          onInput=${event => setWanted(event.target.value)} /></label>`}</div>
    ${senders === null
      ? html`<${Skeleton} />`
      : html`<div class="stack"><section class="card" id="senders">${fitting.length === 0
        ? html`<${Empty} title=${t('noSenders')} />`
        : html`<${SenderTable} senders=${fitting.slice(0, SHOWN)} activity=${activity} selected=${sender?.id} label=${t('senders')} />`}</section>
      ${sender !== undefined && html`<${Detail} key=${sender.id} sender=${sender} isChosen=${id !== ''}
        own=${activity?.senders.find(one => one.id === sender.id)} />`}
      ${sender === undefined && id !== '' && html`<section class="card" id="missing"><${Empty} title=${t('sender.missing', { id })}
        text=${t('sender.missingText')} /></section>`}
      ${sender !== undefined && html`<${HeldTemplates} key=${`templates ${sender.id}`} sender=${sender} />`}
      <${Worker} /></div>`}</main>`
}

/** Below a long list, or on a telephone, the sender that was chosen comes into sight. */
function useSight (isChosen) {
  useLayoutEffect(() => {
    const section = document.getElementById('sender')
    if (isChosen && section.getBoundingClientRect().top > window.innerHeight * 0.6) section.scrollIntoView()
  }, [isChosen])
}

function Detail ({ sender, own, isChosen }) {
  useSight(isChosen)
  const figures = figuresOf(sender, own)
  const today = totalsOf(own === undefined ? null : { senders: [own] })('sent').today
  const { rules } = sender
  const end = figures.emptyInMs
  return html`<section class="card" id="sender" aria-labelledby="sender-name"><header><span class=${cx('dot', toneOfSender(sender))}></span>
      <h2 id="sender-name"><bdi>${nameOf(sender)}</bdi></h2>
      <span class="quiet id">${sender.name !== null && sender.id}<${CopyButton} text=${sender.id}
        label=${`${t('copy')}: ${t('phoneId')}`} /></span>
      <span class="end"><a class="btn" href=${href('messages', { sender: sender.id })}>${t('messages')}</a>
        <a class="btn" href=${href('failures', { sender: sender.id })}>${t('failures')}</a>
        ${mayAct() && html`<${Button} id="edit-rule" icon="edit" onClick=${() => editRule(sender)}>${t('rule.edit')}<//>`}
        ${mayAct() && (troubleOf(sender) !== null || isBulkHeld(sender) || sender.templates?.state === 'stopped') && html`<${Button}
          id=${`resume-${sender.id}`}
          kind=${sender.circuit.state === 'open' && sender.state === 'active' ? '' : 'primary'} icon="play"
          onClick=${() => resume(sender)}>${t('resume.button')}<//>`}
        ${mayAct() && sender.state === 'active' && html`<${Button} id=${`pause-${sender.id}`} kind="danger" icon="pause"
          onClick=${() => pause(sender)}>${t('pause.button')}<//>`}</span></header>
    <dl class=${cx('figures', hasLimit(sender) && 'six')}>
      <${Figure} label=${t('figure.waiting')} value=${sender.queued}
        note=${t('figure.lanes', { due: number(sender.due), scheduled: number(sender.scheduled) })} />
      <${Figure} label=${t('figure.emptyIn')} value=${isHeld(sender) && end !== 0 ? t('held') : end === null || end === 0 ? '–' : span(end)}
        note=${end === 0 || isHeld(sender) ? '' : end === null ? t('noRate') : t('aboutAt', { time: clock(Date.now() + end) })} />
      <${Figure} label=${t('figure.perMinute')} value=${figures.perMinute ?? '–'} note=${t('figure.today', { n: number(today) })} />
      <${Figure} label=${t('figure.failing')} value=${figures.failing === null ? '–' : percent(figures.failing)}
        tone=${isFailing(figures) ? 'alarm' : ''} note=${tn('figure.ofAttempts', figures.attempts)} />
      <${Figure} label=${t('figure.inFlight')} value=${sender.inFlight} note=${t('figure.of', { n: number(rules.maxInFlight) })} />
      ${hasLimit(sender) && html`<${Figure} label=${t('daily.title')} value=${sender.daily.used} tone=${isDailyReached(sender) ? 'alarm' : ''}
        note=${dailyNote(sender)} />`}</dl>
    <div class="thirds"><section><h3>${t('rate.title')}</h3>${own !== undefined && html`<${RateChart} minutes=${own.minutes}
      perSecond=${sender.rate.perSecond} />`}</section>
      <section id="why"><h3>${t('why.title')}</h3><${Why} sender=${sender} />
        ${isSlower(sender) && html`<p class="note warn" id="slower"><${Icon} name="gauge" />
          <span>${slowerText(sender)}. ${sender.rate.reason === 'ceiling'
            ? t('do.ceiling')
            : `${t('rate.rises', { time: clock(sender.rate.nextRiseAt) })} ${t('do.slower')}`}</span></p>`}
        ${isBulkHeld(sender) && html`<${Note} id="bulk-held" text=${bulkText(sender)} />`}
        ${isDailyReached(sender) && html`<${Note} id="daily" text=${dailyText(sender)} />`}
        ${sender.templates?.state === 'stopped' && html`<${TemplateStop} sender=${sender} />`}
        ${problemsOf(sender).map(one => html`<${Health} key=${one.entity} problem=${one} />`)}
        ${sender.suspended > 0 && html`<p class="note warn"><${Icon} name="template" />
          <span>${tn('todo.template', sender.suspended)}. ${t('do.template')}</span></p>`}
        ${sender.awaiting > 0 && html`<p class="note"><${Icon} name="info" />
          <span>${tn('todo.window', sender.awaiting)}. ${t('do.window')}</span></p>`}</section>
      <section><h3>${t('rule.title')}</h3><dl class="facts list">
        <div><dt>${t('rule.recipient')}</dt><dd>${t('rule.recipientText', { span: span(rules.pairIntervalMs) })}${rules.pairBurst > 1
          ? `, ${t('rule.burst', { n: number(rules.pairBurst) })}`
          : ''}</dd></div>
        <div><dt>${t('sender')}</dt><dd>${t('rule.senderText', { n: number(rules.perSecond), inFlight: number(rules.maxInFlight) })}</dd></div>
        ${sender.daily && html`<div><dt>${t('daily.title')}</dt><dd><span class="wraps">${dailyRule(sender)}</span></dd></div>`}
        ${sender.rates?.count > 0 && html`<${ContentRates} sender=${sender} />`}
        <div><dt>${t('rule.version')}</dt><dd>${number(rules.version)}</dd></div></dl></section></div></section>`
}

/** What holds messages back: what waits, until when, and what to do. */
function Note ({ id, text: { what, waits, advice } }) {
  return html`<p class="note warn" id=${id}><${Icon} name="gauge" /><span><b>${what}</b> ${waits} ${advice}</span></p>`
}

/** A part of the sender that WhatsApp limits or blocks: why, in Meta's own words. */
function Health ({ problem }) {
  return html`<p class="note warn" data-health=${problem.entity}><${Icon} name="info" /><span><b>${healthText(problem)}</b>
    ${problem.errors.map(({ description, solution }) => html` <bdi>${description ?? ''} ${solution ?? ''}</bdi>`)}
    ${problem.info.map(sentence => html` <bdi>${sentence}</bdi>`)}</span></p>`
}

/** WhatsApp sends no template of the sender: why, until when, and what to do. */
function TemplateStop ({ sender }) {
  const { reason, until, waiting } = sender.templates
  const code = useCode(reason)
  return html`<p class="note warn" id="template-stop"><${Icon} name="template" /><span>
    <b>${t('todo.templatesStopped', { sender: nameOf(sender), code: reason })}.</b> ${code?.explanation ?? ''}
    ${' '}${tn('count.waits', waiting)}. ${until !== null && t('do.stopEnd', { time: clock(until) })}
    ${' '}${code?.remedy ?? t('do.templatesStopped')}</span></p>`
}

/** What the sender does, or why it does not send, and what to do. */
function Why ({ sender }) {
  const { state, reason, circuit, queued, resumesAt } = sender
  const stop = useCode(state === 'stopped' ? reason : circuit.code)
  const waits = tn('count.waits', queued)
  if (state === 'paused') {
    const end = resumesAt === null ? t('banner.noEnd') : t('banner.resumes', { time: clock(resumesAt) })
    return html`<p>${t('why.pausedIt', { by: pausedBy(reason) })} ${t('banner.pausedText', { waits, end })}</p>`
  }
  if (state === 'active' && circuit.state === 'closed') return html`<p>${queued === 0 ? t('why.empty') : t('why.active', { waits })}</p>`
  if (state === 'active' && circuit.state === 'half-open') return html`<p>${t('banner.half')} ${t('banner.halfText', { waits })}</p>`
  const what = state === 'stopped'
    ? `${t('banner.stopped', { code: reason })} ${stop?.explanation ?? ''}`
    : `${t('banner.open')} ${t('why.outageAll')}`
  return html`<p>${`${what} ${waits}.`}</p>
    ${stop !== undefined && html`<p class="note"><${Icon} name="info" /><span>
      <b>${t('whatToDo')}:</b> ${state === 'stopped' ? stop.remedy : t('do.outageAll')}</span></p>`}`
}

function Worker () {
  const worker = useFeed('worker')
  const now = useNow()
  if (worker === null) return null
  const ran = worker.lastRunAt === null || worker.lastRunAt === undefined
    ? t('worker.neverRan', { span: span(worker.intervalMs) })
    : t('worker.running', { span: span(worker.intervalMs), ago: t('ago', { span: age(Math.max(0, now - new Date(worker.lastRunAt))) }) })
  const text = worker.isRunning ? ran : worker.stoppedBy === null ? t('banner.noWorker') : t('banner.workerBy', { by: worker.stoppedBy })
  return html`<section class="card line" id="worker"><span class=${cx('dot', !worker.isRunning && 'bad')}></span><h2>${t('worker.title')}</h2>
    <span class="quiet">${text}</span>
    ${mayAct() && html`<${Button} id="set-worker" kind=${worker.stoppedBy === null ? 'danger' : 'primary'}
      onClick=${() => setWorker(worker.stoppedBy !== null)}>
      ${t(worker.stoppedBy === null ? 'worker.stop' : 'worker.start')}<//>`}</section>`
}
