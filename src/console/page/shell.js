import { key } from './api.js'
import { caller } from './app.js'
import { bulkText, isBulkHeld } from './bulk-hold.js'
import { dailyText, isDailyReached } from './daily.js'
import { explainError } from './errors.js'
import { problem, refresh, useFeed } from './feed.js'
import { clock, distance, number, pausedBy } from './format.js'
import { language, languages, setLanguage, t, tn } from './i18n.js'
import { Icon, Mark } from './icons.js'
import { showKeys } from './keyboard.js'
import { Button, nameOf, useNow } from './parts.js'
import { go, href, route } from './router.js'
import { useCode } from './codes.js'
import { cx, html, useEffect, useRef, useState, useStore } from './ui.js'

const views = [
  ['home', 'home'], ['messages', 'message'], ['failures', 'failure'], ['campaigns', 'plane'], ['senders', 'sender'],
  ['callers', 'inbox'], ['optOuts', 'user'], ['audit', 'list']
]
/** In the menu of a telephone. */
const less = new Set(['callers', 'optOuts', 'audit'])

export function Header ({ signOut, redraw }) {
  const user = useStore(caller)
  const { name, params } = useStore(route)
  const causes = useFeed('causes')
  const count = (causes?.groups ?? []).filter(group => group.status === 'FAILED' && !group.acknowledged).reduce((sum, group) => sum + group.count, 0)
  const shown = name === 'message' ? 'messages' : name
  return html`<header class="top">
    <a class="brand" href="#/home" aria-label="Sluice"><${Mark} /><span>Sluice</span></a>
    ${user.sandbox === true && html`<span class="env" id="sandbox" title=${t('sandboxHint')}>${t('sandbox')}</span>`}
    <nav class="nav" aria-label=${t('views')}>${views.map(([view, icon]) => html`
      <a href=${href(view)} id=${`to-${view}`} class=${cx(less.has(view) && 'less')} aria-current=${view === shown ? 'page' : undefined}>
        <${Icon} name=${icon} /><span>${t(view)}</span>
        ${view === 'failures' && count > 0 && html`<span class="count bad">${number(count)}</span>`}</a>`)}</nav>
    <${Search} text=${shown === 'messages' ? params.get('q') ?? '' : ''} />
    <${UserMenu} user=${user} signOut=${signOut} redraw=${redraw} />
  </header>`
}

function Search ({ text }) {
  const ref = useRef(null)
  useEffect(() => { ref.current.value = text }, [text])
  return html`<form class="find" role="search" id="find" onSubmit=${event => {
    event.preventDefault()
    const q = ref.current.value.trim()
    ref.current.blur()
    go(href('messages', { q }))
  }}><${Icon} name="search" />
    <input id="search" ref=${ref} type="search" placeholder=${t('search')} aria-label=${t('searchLabel')} autocomplete="off" spellcheck="false"
      maxlength="600" aria-keyshortcuts="/" /><kbd aria-hidden="true">/</kbd></form>`
}

function UserMenu ({ user, signOut, redraw }) {
  const [isOpen, setOpen] = useState(false)
  const ref = useRef(null)
  const close = () => setOpen(false)
  useEffect(() => {
    if (!isOpen) return
    const outside = event => { if (!ref.current?.contains(event.target)) close() }
    const escape = event => {
      if (event.key !== 'Escape') return
      close()
      document.getElementById('user-menu').focus()
    }
    document.addEventListener('click', outside)
    document.addEventListener('keydown', escape)
    return () => {
      document.removeEventListener('click', outside)
      document.removeEventListener('keydown', escape)
    }
  }, [isOpen])
  return html`<div class="user" ref=${ref}>
    <button type="button" id="user-menu" aria-expanded=${String(isOpen)} title=${t('menu', { name: user.name })} onClick=${() => setOpen(!isOpen)}>
      <span class="avatar" aria-hidden="true">${user.name.slice(0, 2).toUpperCase()}</span><span class="name">${user.name}</span>
      <${Icon} name="down" /></button>
    ${isOpen && html`<div class="menu"><p>${user.name}: ${t(`role.${user.role}`)}</p>
      ${views.filter(([view]) => less.has(view)).map(([view, icon]) => html`<a class="only-phone" href=${href(view)} onClick=${close}>
        <${Icon} name=${icon} />${t(view)}</a>`)}
      <button type="button" onClick=${() => {
        close()
        showKeys()
      }}><${Icon} name="info" />${t('keys')}<kbd>?</kbd></button>
      <label>${t('language')}<select id="language" value=${language()} onChange=${event => {
        setLanguage(event.target.value)
        redraw()
      }}>${Object.entries(languages).map(([name, text]) => html`<option value=${name} selected=${name === language()}>${text}</option>`)}</select>
        </label>
      <label>${t('theme')}<select id="theme" onChange=${event => {
        localStorage.setItem('sluice-theme', event.target.value)
        redraw()
      }}>${['auto', 'light', 'dark'].map(name => html`<option value=${name} selected=${name === (localStorage.getItem('sluice-theme') ?? 'auto')}>
        ${t(`theme.${name}`)}</option>`)}</select></label>
      <hr />
      <a href="../docs/" target="_blank" rel="noopener"><${Icon} name="link" />${t('apiDocs')}</a>
      ${user.role === 'admin' && html`<a href="../admin/queues" target="_blank" rel="noopener"><${Icon} name="list" />${t('queues')}</a>`}
      ${key.get() !== '' && html`<hr /><button type="button" id="sign-out" onClick=${signOut}><${Icon} name="out" />${t('signOut')}</button>`}
    </div>`}</div>`
}

/** An error of the page; what it showed before stays. */
export function Problem ({ again }) {
  const found = useStore(problem)
  if (found === null) return null
  const [what, advice] = explainError(found.error)
  const retry = found.again ?? again ?? (() => {
    problem.set(null)
    for (const name of ['senders', 'causes']) void refresh(name)
  })
  return html`<div class="banners"><div class="banner" id="problem" role="alert"><${Icon} name="stopped" /><p><strong>${what}</strong> ${advice}</p>
    <span class="acts"><${Button} small id="again" onClick=${retry}>${t('tryAgain')}<//>
      <button type="button" class="btn ghost icon" aria-label=${t('close')} onClick=${() => problem.set(null)}>
        <${Icon} name="close" /></button></span></div></div>`
}

/** The one of a sender that does not send, or sends less; null where all is well. */
export const troubleOf = ({ state, circuit }) => state !== 'active' ? state : circuit.state === 'closed' ? null : circuit.state

/** What is wrong, above every view: a line for each sender, and one for more than two. */
export function Banners () {
  const senders = useFeed('senders')
  const worker = useFeed('worker')
  useNow()
  const found = (senders?.senders ?? []).filter(sender => troubleOf(sender) !== null)
  const full = (senders?.senders ?? []).filter(isDailyReached)
  const held = (senders?.senders ?? []).filter(isBulkHeld)
  if (found.length + held.length + full.length === 0 && worker?.isRunning !== false) return null
  return html`<aside class="banners" id="banners" aria-label=${t('todo')}>
    ${worker?.isRunning === false && html`<div class="banner warn" id="worker-banner"><${Icon} name="retry" /><p>
      <strong>${t(worker.stoppedBy === null ? 'banner.noWorker' : 'banner.worker')}</strong>${' '}
      ${worker.stoppedBy === null ? t('banner.workerText') : t('banner.workerBy', { by: worker.stoppedBy })}</p>
      <a class="btn sm" href=${href('senders')}>${t('openSenders')}</a></div>`}
    ${found.length > 2 && html`<${ManyBanner} senders=${found} text=${manyText(found)} isWarning=${found.every(isHalfOpen)} />`}
    ${found.length <= 2 && found.map(sender => html`<${SenderBanner} key=${sender.id} sender=${sender} />`)}
    ${held.length > 2 && html`<${ManyBanner} senders=${held} text=${tn('banner.bulk', held.length)} isWarning />`}
    ${held.length <= 2 && held.map(sender => html`<${NoteBanner} key=${`bulk ${sender.id}`} sender=${sender} about="bulk"
      text=${bulkText(sender)} />`)}
    ${full.length > 2 && html`<${ManyBanner} senders=${full} text=${tn('banner.daily', full.length)} isWarning />`}
    ${full.length <= 2 && full.map(sender => html`<${NoteBanner} key=${`daily ${sender.id}`} sender=${sender} about="daily"
      text=${dailyText(sender)} />`)}</aside>`
}

const isHalfOpen = sender => troubleOf(sender) === 'half-open'
/** Of many senders in trouble: how many do not send; if all send in stages, that WhatsApp works again. */
const manyText = senders => senders.every(isHalfOpen)
  ? t('banner.half').replace(/\.$/, '')
  : tn('banner.many', senders.filter(sender => !isHalfOpen(sender)).length)

function NoteBanner ({ sender, about, text: { what, waits, advice } }) {
  return html`<div class="banner warn" data-about=${about} data-of=${sender.id}><${Icon} name="gauge" />
    <p><strong>${nameOf(sender)}: ${what}</strong> ${waits} ${advice}</p>
    <a class="btn sm" href=${href('senders', {}, sender.id)}>${t('openSender')}</a></div>`
}

function ManyBanner ({ senders, text, isWarning = false }) {
  return html`<div class=${cx('banner', isWarning && 'warn')}><${Icon} name=${isWarning ? 'gauge' : 'circuit'} /><p><strong>${text}.</strong>${' '}
    ${senders.slice(0, 5).map(nameOf).join(', ')}${senders.length > 5 ? ', …' : ''}</p>
    <a class="btn sm" href=${href('senders')}>${t('openSenders')}</a></div>`
}

function SenderBanner ({ sender }) {
  const trouble = troubleOf(sender)
  const code = useCode(trouble === 'stopped' ? sender.reason : null)
  const waits = tn('count.waits', sender.queued)
  const { circuit } = sender
  const end = sender.resumesAt === null ? t('banner.noEnd') : t('banner.resumes', { time: clock(sender.resumesAt) })
  const isDue = circuit.nextProbeAt !== null && new Date(circuit.nextProbeAt) <= Date.now()
  const probe = circuit.nextProbeAt === null ? '' : isDue ? t('in', { span: '1 s' }) : distance(circuit.nextProbeAt)
  const [icon, what, text] = {
    open: ['circuit', t('banner.open'), t('banner.openText', { time: circuit.since && clock(circuit.since), code: circuit.code, waits, probe })],
    'half-open': ['circuit', t('banner.half'), t('banner.halfText', { waits })],
    stopped: ['stopped', t('banner.stopped', { code: sender.reason }),
      t('banner.stoppedText', { title: code?.title?.replace(/\.$/, '') ?? '', waits })],
    paused: ['pause', t('banner.paused', { by: pausedBy(sender.reason) }), t('banner.pausedText', { waits, end })]
  }[trouble]
  return html`<div class=${cx('banner', (trouble === 'half-open' || trouble === 'paused') && 'warn')} data-banner=${sender.id}>
    <${Icon} name=${icon} /><p><strong>${nameOf(sender)}: ${what}</strong> ${text}</p>
    <a class="btn sm" href=${href('senders', {}, sender.id)}>${t('openSender')}</a></div>`
}
