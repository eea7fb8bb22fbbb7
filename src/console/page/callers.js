import { caller } from './app.js'
import { useFeed } from './feed.js'
import { number, percent } from './format.js'
import { t, tn } from './i18n.js'
import { Age, Bar, Empty, nameIn, Skeleton, useNow } from './parts.js'
import { href } from './router.js'
import { cx, html } from './ui.js'

const waitingOf = ({ waiting, inFlight }) => waiting + inFlight
/** The longest backlog first, those without messages last. */
const byBacklog = (one, other) => waitingOf(other) - waitingOf(one) || Math.sign(other.accepted) - Math.sign(one.accepted)
const none = html`<span class="dash">–</span>`
/** From this share of its limit on, a caller is about to get CALLER_BACKLOG_FULL. */
const NEARLY_FULL = 0.8

/** What each caller may post, and what it has waiting, sent and failed. */
export function callersView () {
  const isAdmin = caller.get()?.role === 'admin'
  return html`<main id="main" class="page" tabindex="-1">
    <div class="head"><h1>${t('callers')}</h1><span class="quiet">${t('callers.text')}</span></div>
    ${isAdmin ? html`<${List} />` : html`<section class="card"><${Empty} icon="info" title=${t('callers.forbidden')} /></section>`}</main>`
}

function List () {
  const found = useFeed('callers')
  const senders = useFeed('senders')
  useNow()
  if (found === null) return html`<${Skeleton} />`
  // Without API keys the one caller is anonymous, and its messages are not counted.
  if (!found.callers.some(({ name, accepted }) => name !== 'anonymous' || accepted)) {
    return html`<section class="card"><${Empty} icon="inbox" title=${t('callers.none')} text=${t('callers.noneText')} /></section>`
  }
  return html`<section class="card" id="callers"><table class="table lines callers" role="table" aria-label=${t('callers')}>
    <thead role="rowgroup"><tr role="row"><th role="columnheader">${t('caller')}</th>
      <th role="columnheader">${t('figure.waiting')}</th>
      <th role="columnheader" class="num">${t('callers.oldest')}</th>
      <th role="columnheader" class="num">${t('figure.sent')}</th>
      <th role="columnheader" class="num">${t('figure.failed')}</th>
      <th role="columnheader" class="num">${t('rateNow')}</th>
      <th role="columnheader" class="may">${t('callers.mayPost')}</th>
      <th role="columnheader" class="num less">${t('callers.last')}</th></tr></thead>
    <tbody role="rowgroup">${[...found.callers].sort(byBacklog).map(one => html`<${Row} key=${one.name} one=${one}
      senders=${senders} />`)}</tbody></table></section>`
}

/** The whole row leads to the caller's messages, and the count of failed ones to these. Counts are null where its messages are not counted. */
function Row ({ one, senders }) {
  const { name, role, accepted, sent, delivered, failed, ratePerSecond, readySince, lastAcceptedAt } = one
  const limit = one.senders.length > 1 ? null : one.rules?.backlog ?? null
  return html`<tr role="row" data-row class=${cx(!accepted && 'idle')}><td role="cell" class="who"><a data-link
      id=${`caller-${name}`}
      href=${href('messages', { caller: name })}><bdi>${name}</bdi></a><small>${t(`callers.${role ?? 'left'}`)}</small></td>
    <td role="cell" class=${cx('waits', limit !== null && 'rate')} data-head=${t('figure.waiting')}>${accepted
      ? html`<${Waiting} one=${one} limit=${limit} />`
      : none}</td>
    <td role="cell" class="num" data-head=${t('callers.oldest')}>${readySince === null ? none : html`<${Age} iso=${readySince} />`}</td>
    <td role="cell" class="num" data-head=${t('figure.sent')}>${sent ? number(sent) : none}
      ${delivered > 0 && html`<small>${t('callers.delivered', { share: percent(delivered / sent) })}</small>`}</td>
    <td role="cell" class="num" data-head=${t('figure.failed')}>${failed
      ? html`<a class="own" href=${href('messages', { caller: name, state: 'failed' })}
          aria-label=${tn('callers.seeFailed', failed, { name })}>${number(failed)}</a><small>${percent(failed / accepted)}</small>`
      : none}</td>
    <td role="cell" class="num" data-head=${t('rateNow')}>${ratePerSecond ? t('campaign.perSecond', { n: number(ratePerSecond) }) : none}</td>
    <td role="cell" class="may" data-head=${t('callers.mayPost')}><${Rules} one=${one} senders=${senders} /></td>
    <td role="cell" class="num less ag">${lastAcceptedAt === null ? none : html`<${Age} iso=${lastAcceptedAt} />`}</td></tr>`
}

/** `limit`: of the backlog. It holds for each sender, so a bar is drawn where all messages are at one. */
function Waiting ({ one, limit }) {
  const count = waitingOf(one)
  const ofEach = one.rules?.backlog ?? null
  if (limit === null) return html`${number(count)}${ofEach !== null && html`<small>${t('callers.aSender', { n: number(ofEach) })}</small>`}`
  const share = Math.min(1, count / limit)
  return html`<div>${number(count)} <small>${t('campaign.of', { n: number(limit) })}</small></div>
    <${Bar} share=${share} tone=${share >= NEARLY_FULL ? 'warn' : ''} />`
}

/** Its lanes, and below them whatever else limits it. */
function Rules ({ one: { role, rules }, senders }) {
  if (rules === null || role === 'read') return none
  const { lanes, categories, rate, weight } = rules
  const more = [
    rate === null ? '' : t('campaign.perSecond', { n: number(rate.perSecond) }),
    weight === 1 ? '' : t('callers.share', { n: number(weight) }),
    categories === null ? '' : categories.join(', '),
    rules.senders === null ? '' : sendersText(rules.senders, senders)
  ].filter(Boolean).join(' · ')
  return html`${lanes === null ? t('callers.allLanes') : lanes.map(lane => t(`lane.${lane}`)).join(', ')}
    ${more !== '' && html`<small title=${more}>${more}</small>`}`
}

const sendersText = (ids, senders) => ids.length > 2 ? tn('callers.senders', ids.length) : ids.map(id => nameIn(senders, id)).join(', ')
