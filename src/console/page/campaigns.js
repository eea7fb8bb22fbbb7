import { get } from './api.js'
import { mayAct } from './app.js'
import { actOn } from './campaign-actions.js'
import { attempt, useEvery, useFeed } from './feed.js'
import { clock, distance, number, percent } from './format.js'
import { t, tn } from './i18n.js'
import { Icon } from './icons.js'
import { Age, Bar, Button, Empty, Figure, nameIn, Skeleton, Time, useNow } from './parts.js'
import { href } from './router.js'
import { cx, html, useEffect, useState } from './ui.js'

const REFRESH_MS = 2000
const SEARCH_AFTER_MS = 250
/** More campaigns than this are found by name. */
const LONG = 8
const icons = { running: 'plane', paused: 'pause', cancelled: 'cancelled', finished: 'done' }
export const waitingOf = ({ waiting, inFlight }) => waiting + inFlight
export const endedOf = campaign => campaign.accepted - waitingOf(campaign)
export const shareOf = (part, whole) => whole === 0 ? 0 : part / whole

export function campaignsView ({ id }) {
  return id === '' ? html`<${List} />` : html`<${One} key=${id} name=${id} />`
}

/** The state as icon and word; only a pause has a coloured ground, since a person has to end it. */
function CampaignState ({ state }) {
  return html`<span class=${cx('state', state === 'paused' && 'is-retrying')}><${Icon} name=${icons[state]} />${t(`campaign.${state}`)}</span>`
}

/** Those whose names begin with a text, by the server: the feed has the latest only. Null while they are read, or without a text. */
function useNamed (text) {
  const [named, setNamed] = useState(null)
  const read = async () => {
    if (text === '') return
    const found = await attempt(async () => await get(`/campaigns?name=${encodeURIComponent(text)}`))
    if (found !== undefined) setNamed({ text, ...found })
  }
  useEffect(() => {
    const timer = setTimeout(read, SEARCH_AFTER_MS)
    return () => clearTimeout(timer)
  }, [text])
  useEvery(REFRESH_MS, read, [text])
  return named?.text === text ? named : null
}

function List () {
  const feed = useFeed('campaigns')
  const [wanted, setWanted] = useState('')
  // What no name can begin with finds none, without a request.
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(wanted)
  const named = useNamed(isName ? wanted : '')
  useNow()
  const begins = ({ name }) => name.startsWith(wanted)
  const found = feed === null ? null : { ...feed, campaigns: (named ?? feed).campaigns.filter(begins) }
  const all = found?.campaigns ?? []
  return html`<main id="main" class="page" tabindex="-1"><div class="head"><h1>${t('campaigns')}</h1>
      <span class="quiet">${t('campaigns.text')}</span>
      ${feed?.total > LONG && html`<label class="end"><span class="vh">${t('campaigns.filter')}</span>
        <input class="input" id="filter" type="search" placeholder=${t('campaigns.filter')} value=${wanted} spellcheck="false" maxlength="64"
          onInput=${event => setWanted(event.target.value.trim())} /></label>`}</div>
    ${found === null
      ? html`<${Skeleton} />`
      : html`<section class="card" id="campaigns">${all.length === 0
        ? html`<${Empty} icon="plane" title=${t('campaigns.none')} text=${wanted === '' ? t('campaigns.noneText') : undefined} />`
        : html`<table class="table lines campaigns" role="table" aria-label=${t('campaigns')}>
          <thead role="rowgroup"><tr role="row"><th role="columnheader">${t('campaign')}</th>
            <th role="columnheader">${t('campaign.progress')}</th>
            <th role="columnheader" class="num">${t('figure.waiting')}</th><th role="columnheader" class="num">${t('figure.sent')}</th>
            <th role="columnheader" class="num">${t('figure.failed')}</th>
            <th role="columnheader" class="num">${t('campaign.end')}</th>
            <th role="columnheader" class="num less">${t('campaign.changed')}</th></tr></thead>
          <tbody role="rowgroup">${all.map(campaign => html`<${Row} key=${campaign.name} campaign=${campaign} />`)}</tbody></table>`}
      </section>`}</main>`
}

function Row ({ campaign }) {
  const { name, state, accepted, sent, failed, ratePerSecond, expectedEndAt, lastAt } = campaign
  const ended = endedOf(campaign)
  return html`<tr role="row" data-row><td role="cell" class="who"><a data-link data-keep id=${`campaign-${name}`}
      href=${href('campaigns', {}, name)}><bdi>${name}</bdi></a><small><${CampaignState} state=${state} /></small></td>
    <td role="cell" class="rate"><div>${percent(shareOf(ended, accepted))} <small>${t('campaign.of', { n: number(accepted) })}</small></div>
      <${Bar} share=${shareOf(ended, accepted)} tone=${state === 'paused' ? 'warn' : ''} /></td>
    <td role="cell" class="num" data-head=${t('figure.waiting')}>${number(waitingOf(campaign))}</td>
    <td role="cell" class="num" data-head=${t('figure.sent')}>${number(sent)}</td>
    <td role="cell" class="num" data-head=${t('figure.failed')}>${number(failed)}</td>
    <td role="cell" class="num" data-head=${t('campaign.end')}>${expectedEndAt === null ? '–' : html`<${Time} iso=${expectedEndAt} />`}
      ${state === 'running' && ratePerSecond > 0 && html`<small>${t('campaign.perSecond', { n: number(ratePerSecond) })}</small>`}</td>
    <td role="cell" class="num less ag"><${Age} iso=${lastAt} /></td></tr>`
}

/** One campaign, read again every two seconds. */
function One ({ name }) {
  const [campaign, setCampaign] = useState(null)
  const [isMissing, setMissing] = useState(false)
  const read = async () => {
    const found = await attempt(async () => {
      try {
        return await get(`/campaigns/${encodeURIComponent(name)}`)
      } catch (error) {
        if (error.status !== 404) throw error
        setMissing(true)
        return undefined
      }
    })
    if (found !== undefined) setCampaign(found)
  }
  useEffect(() => { void read() }, [name])
  useEvery(REFRESH_MS, async () => { if (!isMissing) await read() }, [name, isMissing])
  return html`<main id="main" class="page" tabindex="-1">
    <p class="crumb"><a href=${href('campaigns')}><${Icon} name="left" />${t('campaigns.all')}</a></p>
    ${campaign !== null
      ? html`<${Detail} campaign=${campaign} again=${read} />`
      : isMissing
        ? html`<section class="card" id="missing"><${Empty} icon="plane" title=${t('campaign.missing')}
          text=${t('campaign.missingText')} /></section>`
        : html`<${Skeleton} />`}</main>`
}

function Detail ({ campaign, again }) {
  const { name, state, accepted, sent, delivered, failed, ratePerSecond, expectedEndAt, startedAt } = campaign
  const ended = endedOf(campaign)
  const can = { pause: state === 'running', resume: state === 'paused', cancel: state !== 'cancelled' && waitingOf(campaign) > 0 }
  const act = action => () => actOn(campaign, action, again)
  return html`<div class="head"><h1><bdi>${name}</bdi></h1><${CampaignState} state=${state} />
      <span class="quiet">${t('campaign.since', { time: clock(startedAt) })}</span>
      <span class="end"><a class="btn" id="its-messages" href=${href('messages', { campaign: name })}>${t('messages')}</a>${mayAct() && html`
        ${failed > 0 && state !== 'cancelled' && html`<${Button} id="retry" icon="retry"
          onClick=${act('retry')}>${t('campaign.retryButton')}<//>`}
        ${can.resume && html`<${Button} id="resume" kind="primary" icon="play" onClick=${act('resume')}>${t('campaign.resumeButton')}<//>`}
        ${can.pause && html`<${Button} id="pause" icon="pause" onClick=${act('pause')}>${t('campaign.pauseButton')}<//>`}
        ${can.cancel && html`<${Button} id="cancel" kind="danger" icon="close"
          onClick=${act('cancel')}>${t('campaign.cancelButton')}<//>`}`}</span></div>
    <div class="stack"><section class="card" id="campaign"><dl class="figures">
        <${Figure} label=${t('campaign.ended')} value=${ended}
          note=${`${percent(shareOf(ended, accepted))} ${t('campaign.of', { n: number(accepted) })}`} />
        <${Figure} label=${t('rateNow')} value=${state === 'running' ? ratePerSecond : '–'} unit=${state === 'running' ? t('campaign.unit') : ''}
          note=${t(`campaign.${state}Text`)} />
        <${Figure} label=${t('campaign.end')} value=${expectedEndAt === null ? '–' : clock(expectedEndAt)}
          note=${expectedEndAt !== null ? distance(expectedEndAt) : state === 'running' ? t('campaign.noneNow') : ''} />
        <${Figure} label=${t('figure.delivered')} value=${sent === 0 ? '–' : percent(shareOf(delivered, sent))}
          note=${t('campaign.ofSent', { n: number(delivered), sent: number(sent) })} />
        <${Figure} label=${t('figure.failed')} value=${failed} tone=${failed > 0 ? 'alarm' : ''}
          note=${t('figure.ofAccepted', { share: percent(shareOf(failed, accepted)) })} /></dl>
      <${Parts} campaign=${campaign} /></section>
    <div class="halves"><${Codes} campaign=${campaign} /><${About} campaign=${campaign} /></div></div>`
}

/** What the messages are now, as a bar and in words. */
function Parts ({ campaign }) {
  const { accepted, sent, delivered, read, failed, cancelled, expired } = campaign
  const parts = [
    ['read', read], ['delivered', delivered - read], ['sent', sent - delivered], ['failed', failed], ['stopped', cancelled + expired],
    ['waiting', waitingOf(campaign)]
  ].filter(([, count]) => count > 0)
  let left = 0
  return html`<div class="parts" id="parts"><svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">${parts.map(([part, count]) => {
      const x = left
      left += shareOf(count, accepted) * 1000
      return html`<rect class=${`part-${part}`} x=${x} width=${Math.max(1, left - x - 2)} height="8" />`
    })}</svg>
    <ul>${parts.map(([part, count]) => html`<li><span class=${`key part-${part}`}></span>${t(`part.${part}`)} <b>${number(count)}</b>${' '}
      <small>${percent(shareOf(count, accepted))}</small></li>`)}</ul></div>`
}

function Codes ({ campaign: { name, failures, failed } }) {
  const most = Math.max(1, ...failures.map(({ count }) => count))
  return html`<section class="card" id="codes"><header><h2>${t('campaign.codes')}</h2>
      <span class="quiet">${tn('count.message', failed)}</span></header>
    ${failures.length === 0
      ? html`<${Empty} icon="done" tone="good" title=${t('campaign.noFailures')} />`
      : html`<ul class="codes">${failures.map(({ code, count, explanation }) => html`<li key=${code}><p><a
          href=${href('messages', { campaign: name, code, state: 'failed' })}>${code}</a> <span class="n">${number(count)}</span></p>
          <p class="quiet small">${explanation}</p>
          <${Bar} share=${count / most} tone="bad" /></li>`)}</ul>`}
  </section>`
}

const stateOf = ({ state, waitingFor }) => t(waitingFor === null ? `work.${state}` : 'work.noWorker')

/** What its plan says, a row for each field that it has; where its senders differ, for each of them. */
function Plan ({ campaign, known }) {
  const plans = campaign.plans ?? [campaign]
  return plans.map(plan => {
    const { sender, lane, perSecond, startAt, endAt } = plan
    const row = (field, value) => html`<div key=${`${field} ${sender ?? ''}`} data-plan=${field}><dt>${t(`plan.${field}`)}</dt><dd><span>${value}${
      sender === undefined ? '' : html` <small>${nameIn(known, sender)}</small>`}</span></dd></div>`
    return [
      lane !== null && row('lane', t(`lane.${lane}`)),
      perSecond !== null && row('perSecond', t('campaign.perSecond', { n: number(perSecond) })),
      startAt !== null && row('startAt', html`<${Time} iso=${startAt} />`),
      endAt !== null && row('endAt', html`<${Time} iso=${endAt} />`)
    ]
  })
}

function About ({ campaign }) {
  const { senders, startedAt, lastAt, cancelled, expired, jobs } = campaign
  const known = useFeed('senders')
  return html`<section class="card" id="about"><header><h2>${t('facts')}</h2></header><dl class="facts list">
    <div><dt>${t('senders')}</dt><dd><span>${senders.length === 0 ? '–' : senders.map(id => nameIn(known, id)).join(', ')}</span></dd></div>
    <${Plan} campaign=${campaign} known=${known} />
    <div><dt>${t('campaign.started')}</dt><dd><${Time} iso=${startedAt} /></dd></div>
    <div><dt>${t('campaign.changed')}</dt><dd><${Time} iso=${lastAt} /></dd></div>
    <div><dt>${t('campaign.cancelledMessages')}</dt><dd>${number(cancelled)}</dd></div>
    <div><dt>${t('campaign.expired')}</dt><dd>${number(expired)}</dd></div>
    ${jobs.map(job => html`<div key=${job.id}><dt>${t(`work.${job.action}`)}</dt>
      <dd><span>${stateOf(job)}, ${tn('work.done', job.done, { by: job.by })}</span></dd></div>`)}</dl></section>`
}
