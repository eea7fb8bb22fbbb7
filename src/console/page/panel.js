import { get } from './api.js'
import { acknowledgeOne, cancelOne, retryOne } from './actions.js'
import { caller, mayAct, say } from './app.js'
import { useCode } from './codes.js'
import { explainStatus, replyFor } from './explain-status.js'
import { attempt, useEvery, useFeed } from './feed.js'
import { aboutOf } from './format.js'
import { t } from './i18n.js'
import { Icon } from './icons.js'
import { Bubble, Facts, RawJson, Timeline } from './message-parts.js'
import { recipientOf } from './message-table.js'
import { moveOne } from './move.js'
import { About, Button, copy, IconButton, Phone, Skeleton, State } from './parts.js'
import { href } from './router.js'
import { isFinal, isOver } from './states.js'
import { html, useEffect, useState } from './ui.js'

const REFRESH_MS = 2000

/** The message of a panel or page, current while its state may change. */
function useMessage (id, onChange) {
  const [message, setMessage] = useState(null)
  const [isMissing, setMissing] = useState(false)
  const read = async () => {
    const found = await attempt(async () => {
      try {
        return await get(`/messages/${encodeURIComponent(id)}`)
      } catch (error) {
        if (error.status !== 404) throw error
        setMissing(true)
        return undefined
      }
    })
    if (found === undefined) return
    setMessage(before => {
      if (before !== null && before.status !== found.status) onChange?.()
      return found
    })
  }
  useEffect(() => { void read() }, [id])
  useEvery(REFRESH_MS, async () => { if (!isMissing && (message === null || !isOver(message))) await read() }, [id, message?.status, isMissing])
  return { message, isMissing, read }
}

/** One message: whether the customer has it, what happened to it, and what to do. `close`: the address without the panel. */
export function MessagePanel ({ id, close, onChange }) {
  const { message, isMissing, read } = useMessage(id, onChange)
  return html`<aside class="panel" id="panel" aria-label=${t('message')}>
    <header>${message !== null && html`<${State} status=${message.status} code=${message.error?.code} /><h2>
      ${aboutOf(message.metadata) === null ? html`<${Phone} text=${recipientOf(message)} />` : html`<${About} metadata=${message.metadata} />`}</h2>`}
      <span class="end"><${CopyLink} id=${id} /><a class="btn ghost icon" data-keep href=${close} id="close-panel" aria-label=${t('close')}
        title=${t('close')}>
        <${Icon} name="close" /></a></span></header>
    <${Body} ...${{ message, isMissing, read }} /></aside>`
}

export function CopyLink ({ id }) {
  return html`<${IconButton} icon="link" label=${t('copyLink')} data-key="l" onClick=${async () => {
    const address = new URL(href('message', {}, id), window.location.href)
    if (await copy(address.href)) say(t('copied'))
  }} />`
}

/** What panel and page share. */
export function MessageBody ({ id }) {
  const { message, isMissing, read } = useMessage(id)
  return html`<div class="head"><h1>${t('message')}</h1>${message !== null && html`<${State} status=${message.status} code=${message.error?.code} />
      <span class="quiet"><${About} metadata=${message.metadata} /></span>`}<span class="end"><${CopyLink} id=${id} /></span></div>
    <div class="card panel-page" id="panel"><${Body} ...${{ message, isMissing, read }} /></div>`
}

function Body ({ message, isMissing, read }) {
  const senders = useFeed('senders')
  if (isMissing) {
    return html`<section id="missing"><p class="strong">${t('error.NOT_FOUND')}</p>
    <p class="quiet">${t('error.NOT_FOUND.do')}</p></section>`
  }
  if (message === null) return html`<${Skeleton} rows=${6} />`
  const sender = senders?.senders.find(({ id }) => id === message.sender)
  return html`<${Status} message=${message} sender=${sender} read=${read} />
    <section><${Bubble} message=${message} /></section>
    <section><h3>${t('happened')}</h3><${Timeline} message=${message} /></section>
    <section><h3>${t('facts')}</h3><${Facts} message=${message} sender=${sender} /></section>
    <section><${RawJson} message=${message} /></section>`
}

/** What happened in one sentence, why, what to do, and the actions. Only one that helps is the primary one. */
function Status ({ message, sender, read }) {
  const stop = useCode(sender?.state === 'stopped' ? sender.reason : null)
  const code = useCode(message.error?.code)
  const { tone, say: what, lines, reply } = explainStatus(message, sender, { stop, code })
  const icon = { bad: 'failed', warn: 'retry', good: 'checks', busy: 'plane' }[tone] ?? 'info'
  return html`<section id="status"><div class=${`summary-text ${tone}`}><${Icon} name=${icon} /><h2 class="say">${what}</h2>
    ${lines.map(line => html`<p class="do">${line}</p>`)}
    <${Actions} message=${message} reply=${reply} read=${read} hasTrouble=${sender !== undefined && sender.state !== 'active'} /></div></section>`
}

function Actions ({ message, reply, read, hasTrouble }) {
  const { id, status } = message
  const isFailure = status === 'failed' || status === 'retrying'
  const final = isFinal(message)
  const to = recipientOf(message)
  const did = async done => { if (await done) await read() }
  const actions = []
  const copyReply = html`<${Button} key="reply" kind=${final ? 'primary' : ''} icon="copy"
    id="copy-reply" data-key="y" title=${`${t('copyReply')} (y)`}
    onClick=${async () => { if (await copy(replyFor(reply, to?.replace(/^\+/, '')))) say(t('copied')) }}>${t('copyReply')}<//>`
  if (reply !== undefined && final) actions.push(copyReply)
  if (mayAct()) {
    if (isFailure && !final) {
      // A message that is retried by itself needs no action: its code says "wait".
      actions.push(html`<${Button} key="retry" id="retry" data-key="r" kind=${status === 'failed' ? 'primary' : ''} icon="retry"
        title=${`${t('retryNow')} (r)`} onClick=${() => did(retryOne(id))}>${t('retryNow')}<//>`)
    }
    if (isFailure && message.acknowledgedAt === undefined) {
      actions.push(html`<${Button} key="ack" id="acknowledge" data-key="e" title=${`${t('acknowledge')} (e)`}
        onClick=${() => did(acknowledgeOne(id))}>${t('acknowledge')}<//>`)
    }
    if (final) {
      actions.push(html`<${Button} key="again" id="retry" data-key="r" title=${`${t('retrySame')} (r)`}
        onClick=${() => did(retryOne(id, { final: true }))}>${t('retrySame')}<//>`)
    }
    if (['queued', 'scheduled', 'retrying'].includes(status)) {
      actions.push(html`<${Button} key="move" id="move" onClick=${() => did(moveOne(message))}>${t('moveMessage')}<//>`)
    }
    if (['queued', 'scheduled', 'retrying', 'unknown'].includes(status)) {
      actions.push(html`<${Button} key="cancel" id="cancel" kind="danger" onClick=${() => did(cancelOne(id))}>${t('cancelMessage')}<//>`)
    }
  }
  if (reply !== undefined && !final) actions.push(copyReply)
  if (status === 'queued' && hasTrouble) {
    actions.unshift(html`<a key="sender" class="btn" href=${href('senders', {}, message.sender)}>${t('openSender')}</a>`)
  }
  if (message.waitingFor === 'campaign-paused') {
    actions.unshift(html`<a key="campaign" class="btn" href=${href('campaigns', {}, message.campaign)}>${t('openCampaign')}</a>`)
  }
  return html`${actions.length > 0 && html`<p class="acts">${actions}</p>`}
    ${!mayAct() && html`<p class="quiet small">${t('readOnly', { name: caller.get().name })}</p>`}`
}
