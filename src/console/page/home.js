import { bulkText, isBulkHeld } from './bulk-hold.js'
import { dailyText, isDailyReached } from './daily.js'
import { endedOf, shareOf } from './campaigns.js'
import { useFeed } from './feed.js'
import { age, clock, distance, longDay, number, pausedBy, percent, span, zone } from './format.js'
import { t, tn } from './i18n.js'
import { Icon } from './icons.js'
import { MessageTable } from './message-table.js'
import { Bar, Empty, Figure, nameOf, Skeleton, useNow } from './parts.js'
import { totalsOf } from './rates.js'
import { href } from './router.js'
import { SenderTable, statesText } from './sender-line.js'
import { troubleOf } from './shell.js'
import { causeHref, titleOf } from './causes.js'
import { cx, html } from './ui.js'

/** Senders that Home lists; the others are in their own view. */
const SENDERS = 8
const LATEST = 8
const CAUSES = 5
const CAMPAIGNS = 4

export function homeView () {
  const senders = useFeed('senders')
  const activity = useFeed('activity')
  const latest = useFeed('latest')
  const causes = useFeed('causes')
  const campaigns = useFeed('campaigns')
  const now = useNow()
  const all = senders?.senders ?? []
  const shown = [...all].sort((one, other) => Number(troubleOf(other) !== null) - Number(troubleOf(one) !== null)).slice(0, SENDERS)
  const late = senders === null ? 0 : now - senders.readAt
  return html`<main id="main" class="page" tabindex="-1">
    <div class="head"><h1>${t('today')}</h1><span class="quiet">${longDay(now)}, ${clock(now)} (${zone()})</span>
      ${senders !== null && html`<span class=${cx('live end', late > 15_000 && 'late')}>
        ${t('updated', { span: age(Math.max(0, late)) })}</span>`}</div>
    <div class="home"><${Figures} all=${all} activity=${activity} />
    <section class="card" id="senders"><header><h2>${t('senders')}</h2><span class="quiet small">${statesText(all)}</span>
      <a class="end" href=${href('senders')}>${t('allSenders')}</a></header>
      ${senders === null
? html`<${Skeleton} rows=${4} />`
: html`<${SenderTable} senders=${shown} activity=${activity}
        label=${t('senders')} />`}</section>
    <div class="beside stack"><section class="card" id="todo"><header><h2>${t('todo')}</h2></header>
      <${ToDo} all=${all} causes=${causes} senders=${senders} /></section>
      <${Running} all=${campaigns?.campaigns ?? []} /></div>
    <section class="card" id="latest"><header><h2>${t('latest')}</h2><a class="end" href=${href('messages')}>${t('allMessages')}</a></header>
      ${latest === null
        ? html`<${Skeleton} />`
        : latest.messages.length === 0
          ? html`<${Empty} icon="message" title=${t('noMessages')} text=${t('noMessagesText')} />`
          : html`<${MessageTable} messages=${latest.messages.slice(0, LATEST)} senders=${senders} label=${t('latest')}
            to=${message => href('messages', { open: message.id })} />`}</section></div>
  </main>`
}

function Figures ({ all, activity }) {
  const of = totalsOf(activity)
  const [accepted, sent, delivered, read, failed] = ['accepted', 'sent', 'delivered', 'read', 'failed'].map(of)
  const waiting = all.reduce((sum, sender) => sum + sender.queued, 0)
  const held = all.reduce((sum, { unsettled, queued, inFlight, retrying, unknown }) => sum + unsettled - queued - inFlight - retrying - unknown, 0)
  const onTime = held > 0 ? t('figure.held', { n: number(held) }) : t('figure.onTime')
  const oldest = Math.max(0, ...all.map(sender => sender.oldestDueSeconds))
  const rate = (activity?.senders ?? []).reduce((sum, sender) => sum + sender.minutes.sent.at(-2), 0) / 60
  const share = (part, whole, key) => whole === 0 ? '' : t(key, { share: percent(part / whole) })
  const value = count => activity === null ? '–' : count
  return html`<dl class="card figures" id="figures">
    <${Figure} label=${t('figure.accepted')} value=${value(accepted.today)} note=${t('figure.yesterday', { n: number(accepted.before) })} />
    <${Figure} label=${t('figure.waiting')} value=${waiting}
      note=${oldest < 1 ? onTime : t('figure.oldest', { span: span(Math.round(oldest) * 1000) })} />
    <${Figure} label=${t('figure.sent')} value=${value(sent.today)} note=${t('figure.rateNow', { n: number(Math.round(rate * 10) / 10) })} />
    <${Figure} label=${t('figure.delivered')} value=${value(delivered.today)} note=${share(delivered.today, sent.today, 'figure.ofSent')} />
    <${Figure} label=${t('figure.read')} value=${value(read.today)} note=${share(read.today, delivered.today, 'figure.ofDelivered')} />
    <${Figure} label=${t('figure.failed')} value=${value(failed.today)} tone=${failed.today > 0 ? 'alarm' : ''}
      note=${share(failed.today, accepted.today, 'figure.ofAccepted')} /></dl>`
}

/** Campaigns that still have something to send. */
function Running ({ all }) {
  const shown = all.filter(({ state }) => state === 'running' || state === 'paused').slice(0, CAMPAIGNS)
  if (shown.length === 0) return null
  return html`<section class="card" id="running"><header><h2>${t('running')}</h2>
    <a class="end" href=${href('campaigns')}>${t('campaigns.all')}</a></header>
    <ul class="runs">${shown.map(({ name, state, expectedEndAt, ...campaign }) => {
      const share = shareOf(endedOf(campaign), campaign.accepted)
      const end = state === 'paused' ? t('running.paused') : expectedEndAt === null ? '' : t('running.ends', { time: clock(expectedEndAt) })
      return html`<li key=${name}><a href=${href('campaigns', {}, name)}><bdi>${name}</bdi></a><span class="n">${percent(share)}</span>
        <${Bar} share=${share} tone=${state === 'paused' ? 'warn' : ''} />
        <p>${[t('running.of', { n: number(endedOf(campaign)), total: number(campaign.accepted) }), end].filter(Boolean).join('; ')}</p></li>`
    })}</ul></section>`
}

/** What a person has to see to, in the order of what it costs: nothing is sent, messages failed, it is decided by itself. */
function ToDo ({ all, causes, senders }) {
  const groups = causes?.groups ?? []
  const open = groups.filter(group => group.status === 'FAILED' && !group.acknowledged)
  const retrying = groups.filter(group => group.status === 'PENDING')
  const waits = sender => number(sender.queued)
  const of = trouble => all.filter(sender => troubleOf(sender) === trouble)
  const to = sender => href('senders', {}, sender.id)
  const unknown = all.reduce((sum, sender) => sum + sender.unknown, 0)
  const next = retrying.map(group => group.nextRetryAt).filter(Boolean).sort()[0]
  const rows = [
    ...of('stopped').map(one => row('stopped', 'bad', t('todo.stopped', { sender: nameOf(one) }), waits(one),
      t('todo.stoppedText', { code: one.reason }), to(one))),
    ...of('open').map(one => row('circuit', 'bad', t('todo.open', { sender: nameOf(one) }), waits(one),
      t('todo.openText', { code: one.circuit.code, time: clock(one.circuit.since) }), to(one))),
    ...all.filter(one => one.templates?.state === 'stopped').map(one => row('template', 'bad',
      t('todo.templatesStopped', { sender: nameOf(one), code: one.templates.reason }), number(one.templates.waiting),
      `${one.templates.until === null ? '' : `${t('do.stopEnd', { time: clock(one.templates.until) })} `}${t('do.templatesStopped')}`, to(one))),
    ...all.filter(isBulkHeld).map(one => row('circuit', 'warn', t('todo.bulk', { sender: nameOf(one) }), `${one.bulk.missingPercent} %`,
      `${bulkText(one).waits} ${bulkText(one).advice}`, to(one))),
    ...all.filter(one => isDailyReached(one) && one.daily.waiting > 0).map(one => row('gauge', 'warn', t('todo.daily', { sender: nameOf(one) }),
      number(one.daily.waiting), `${dailyText(one).waits} ${dailyText(one).advice}`, to(one))),
    ...all.filter(one => one.suspended > 0).map(one => row('template', 'warn', tn('todo.template', one.suspended), number(one.suspended),
      t('do.template'), to(one))),
    ...open.slice(0, CAUSES).map(group => row('failed', 'bad', titleOf(group), number(group.count),
      `${group.reason === 'rejected' ? t('todo.final') : ''}${t('todo.last', { ago: distance(group.lastAt) })}`, causeHref(group))),
    ...(unknown === 0
      ? []
      : [row('unknown', 'warn', t('todo.unknown'), number(unknown), t('todo.unknownText'), href('messages', { state: 'unknown' }))]),
    ...of('paused').map(one => row('pause', 'warn', t('todo.paused', { sender: nameOf(one) }), waits(one),
      t('todo.pausedText', {
        by: pausedBy(one.reason),
        end: one.resumesAt === null ? t('banner.noEnd') : t('banner.resumes', { time: clock(one.resumesAt) })
      }), to(one))),
    ...(retrying.length === 0
      ? []
      : [row('retry', '', t('todo.retrying'), number(retrying.reduce((sum, group) => sum + group.count, 0)),
          next === undefined ? '' : t('todo.retryingText', { time: clock(next) }), href('failures', { list: 'retrying' }))])
  ]
  if (senders === null || causes === null) return html`<${Skeleton} rows=${3} />`
  if (rows.length === 0) return html`<${Empty} icon="done" tone="good" title=${t('todo.none')} text=${t('todo.noneText')} />`
  return html`<ul class="todo">${rows}</ul>`
}

function row (icon, tone, title, count, text, to) {
  return html`<li key=${to + title}><span class=${tone}><${Icon} name=${icon} /></span><a href=${to}>${title}</a><span class="n">${count}</span>
    <p>${text}</p></li>`
}
