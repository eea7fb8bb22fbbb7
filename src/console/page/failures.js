import { get } from './api.js'
import { acknowledgeMany, retryMany } from './actions.js'
import { job, mayAct, caller } from './app.js'
import { filterOf, lists, nameOfCause } from './causes.js'
import { attempt, useEvery, useFeed } from './feed.js'
import { clock, distance, number } from './format.js'
import { t, tn } from './i18n.js'
import { Icon } from './icons.js'
import { MessagePanel } from './panel.js'
import { About, Bar, Bars, Brief, Button, Empty, nameIn, nameOf, Phone, Select, Skeleton, Tag, Time } from './parts.js'
import { go, here, restore, route, takePlace } from './router.js'
import { cx, html, useEffect, useLayoutEffect, useRef, useState, useStore } from './ui.js'

const PAGE = 50
const REFRESH_MS = 5000
/** Pages of failures, by cause and sender, for the way back. */
const kept = new Map()

export function failuresView () {
  const { params } = useStore(route)
  const [cause, sender, open, list] = ['cause', 'sender', 'open', 'list'].map(name => params.get(name) ?? '')
  const all = useFeed('causes')
  const own = useCauses(sender)
  const senders = useFeed('senders')
  const groups = (sender === '' ? all : own)?.groups
  const first = groups?.find(lists[list] ?? lists.failed) ?? groups?.[0]
  const isWide = window.matchMedia('(min-width: 760px)').matches
  const group = groups?.find(one => nameOfCause(one) === cause) ?? (cause === '' && isWide ? first : undefined)
  return html`<main id="main" class=${cx('split causes-split', cause !== '' && 'has-cause', open !== '' && 'has-panel')} tabindex="-1">
    <section class="causes" id="causes"><div class="toolbar"><h1>${t('failures.title')}</h1>
      ${(senders?.senders.length ?? 0) > 1 && html`<${Select} id="of-sender" label=${t('sender')} value=${sender}
        options=${[['', t('allSenders')], ...senders.senders.map(one => [one.id, nameOf(one)])]}
        onChange=${value => go(here({ sender: value, cause: '', open: '' }))} />`}</div>
      ${groups === undefined
? html`<${Skeleton} rows=${6} />`
: Object.keys(lists).map(name => html`<${CauseList} key=${name} name=${name}
        groups=${groups.filter(lists[name])} selected=${group} />`)}
      ${groups?.length === 0 && html`<${Empty} icon="done" tone="good" title=${t('failures.none')} text=${t('failures.noneText')} />`}</section>
    ${group !== undefined && html`<${Group} key=${`${nameOfCause(group)} ${sender}`}
      ...${{ group, sender, senders, open }} />`}
    ${open !== '' && html`<div class="over"><${MessagePanel} key=${open} id=${open} close=${here({ open: '' })} /></div>`}</main>`
}

/** The causes of one sender; those of all are a feed. */
function useCauses (sender) {
  const [found, setFound] = useState(null)
  const read = async () => {
    if (sender === '') return
    const summary = await attempt(async () => await get(`/failures/summary?${new URLSearchParams({ sender })}`))
    if (summary !== undefined) setFound({ ...summary, sender })
  }
  useEffect(() => { void read() }, [sender])
  useEvery(REFRESH_MS, read, [sender])
  return found?.sender === sender ? found : null
}

function CauseList ({ name, groups, selected }) {
  if (groups.length === 0) return null
  const total = groups.reduce((sum, group) => sum + group.count, 0)
  const most = Math.max(...groups.map(({ count }) => count))
  return html`<h2>${t(`failures.${name}`)} <span>${number(total)}</span></h2>
    <ul>${groups.map(group => html`<li key=${nameOfCause(group)}><a id=${`cause-${nameOfCause(group)}`} data-keep
      href=${here({ cause: nameOfCause(group), open: '' })} aria-current=${group === selected ? 'true' : undefined}>
      <span class="name">${group.title?.replace(/\.$/, '') ?? t('cause.noCode')}</span><span class="n">${number(group.count)}</span>
      <span class="small quiet">${group.errorCode ?? ''}${group.errorCode === null ? '' : ' · '}${kindOf(group)}</span>
      <${Bar} share=${group.count / most} tone=${name === 'failed' ? 'bad' : name === 'retrying' ? 'warn' : ''} /></a></li>`)}</ul>`
}

function kindOf ({ status, reason, nextRetryAt }) {
  if (status === 'PENDING') return nextRetryAt === null ? t('state.queued') : t('cause.next', { time: clock(nextRetryAt) })
  return reason === 'rejected' ? t('cause.final') : t(`cause.${reason ?? 'unknown'}`)
}

/** All failures of one cause: what it means and what to do, then its rows. The tick in the head selects all, also those not loaded. */
function Group ({ group, sender, senders, open }) {
  const { status, errorCode, reason, count } = group
  const filter = filterOf(group, sender)
  const { rows, cursor, more, isReading } = useRows(filter, count, group.cursor)
  const [selected, setSelected] = useState(() => new Set())
  const [isAll, setAll] = useState(false)
  const isBusy = useStore(job)?.isRunning === true
  const isPending = status === 'PENDING'
  const cause = { filter, count, code: errorCode, isFinal: reason === 'rejected' }
  const chosen = isAll ? count : selected.size
  const clear = () => {
    setAll(false)
    setSelected(new Set())
  }
  const toggle = id => {
    const next = new Set(isAll ? rows.map(row => row.id) : selected)
    if (!next.delete(id)) next.add(id)
    setAll(false)
    setSelected(next)
  }
  const ids = () => isAll ? null : [...selected]
  const total = group.hours.reduce((sum, hour) => sum + hour, 0)
  const mayAcknowledge = !group.acknowledged && status !== 'RESOLVED'
  return html`<section class="group" id="group">
    <a class="back" href=${here({ cause: '', open: '' })}><${Icon} name="left" />${t('back')}</a>
    <header><div class="head"><h2 class="title">${group.title?.replace(/\.$/, '') ?? t('cause.noCode')}</h2>
        ${errorCode !== null && html`<${Tag}>${errorCode}<//>`}
        ${reason === 'rejected' && html`<${Tag} tone="bad">${t('cause.rejected')}<//>`}
        ${reason !== null && reason !== 'rejected' && html`<${Tag} tone="warn">${t(`cause.${reason}`)}<//>`}
        ${group.acknowledged && html`<${Tag}>${t('acknowledged')}<//>`}
        <span class="quiet" id="count">${tn('count.message', count)} ${tn('cause.people', group.recipients)}</span></div>
      <div class="about"><div><h3>${t('meaning')}</h3><p>${group.explanation ?? '–'}</p></div><div><h3>${t('whatToDo')}</h3>
        <p>${group.remedy ?? '–'}</p></div>
        <div><h3>${t('perHour')}</h3><${Bars} values=${group.hours} tone=${isPending ? 'warn' : 'bad'}
          label=${t('perHour.label', { n: number(total), most: number(Math.max(...group.hours)) })} />
          <p class="axis"><span>${distance(new Date(Date.now() - 86_400_000))}</span><span>${clock(Date.now())}</span></p></div></div></header>
    <table class="table messages failures" role="table" aria-label=${t('failures.title')}>
      <thead role="rowgroup"><tr role="row">${mayAct() && html`<th role="columnheader" class="tick">
        <input type="checkbox" class="check" id="select-all"
          data-key="a" checked=${isAll} aria-label=${tn('selectAll', count)} onChange=${() => {
            setSelected(new Set())
            setAll(!isAll)
          }} /><label class="only-phone" for="select-all">${tn('selectAll', count)}</label></th>`}
        <th role="columnheader">${t('recipient')}</th><th role="columnheader">${t('order')}</th>
          <th role="columnheader" class="wide">${t('content')}</th>
        <th role="columnheader" class="less">${t('sender')}</th>
          <th role="columnheader" class="num">${t(isPending ? 'retryAt' : 'failedAt')}</th></tr></thead>
      <tbody role="rowgroup">${(rows ?? []).map(row => {
        const isSelected = isAll || selected.has(row.id)
        return html`<tr key=${row.id} role="row" data-row aria-current=${row.id === open ? 'true' : undefined} class=${cx(isSelected && 'chosen')}>
          ${mayAct() && html`<td role="cell" class="tick"><input type="checkbox" class="check" data-key="x" checked=${isSelected}
            aria-label=${t('selectRow', { to: row.phoneNumber })} onChange=${() => toggle(row.id)} /></td>`}
          <td role="cell" class="to"><a data-link data-keep id=${`row-${row.id}`} href=${here({ cause: nameOfCause(group), open: row.id })}>
            <${Phone} text=${row.phoneNumber} /></a></td>
          <td role="cell" class="ab"><${About} metadata=${row.metadata} /></td>
          <td role="cell" class="wide tx"><${Brief} message=${row.message} type=${null} /></td>
          <td role="cell" class="less">${nameIn(senders, row.sender)}</td>
          <td role="cell" class="num ag">${isPending
            ? row.nextRetryAt === null ? t('state.queued') : html`<${Time} iso=${row.nextRetryAt} />`
            : html`<${Time} iso=${row.lastAttemptAt ?? row.updatedAt} />`}</td></tr>`
      })}</tbody></table>
    ${rows === null && html`<${Skeleton} />`}
    <div class="foot"><span>${rows !== null && t('range', { from: rows.length === 0 ? 0 : 1, to: number(rows.length), total: number(count) })}</span>
      ${mayAct() && html`<span class="keys-hint"><kbd>x</kbd> <kbd>a</kbd> · <kbd>e</kbd> <kbd>r</kbd></span>`}
      ${cursor !== null && rows !== null && html`<${Button} small id="more" onClick=${more} disabled=${isReading}>${t('showMore')}<//>`}
      ${!mayAct() && html`<span>${t('readOnly', { name: caller.get().name })}</span>`}</div>
    ${chosen > 0 && html`<div class="actions" id="actions" role="region" aria-label=${t('failures.title')}>
      <strong>${tn('selected', chosen)}</strong>
      <p class="why">${cause.isFinal && t('finalNote', { code: errorCode })}</p>
      <${Button} id="retry" data-key="r" icon="retry" kind=${cause.isFinal || mayAcknowledge ? '' : 'primary'} disabled=${isBusy}
        onClick=${() => retryMany(cause, ids(), clear)}>${t('retry')}<//>
      ${mayAcknowledge && html`<${Button} id="acknowledge" data-key="e" icon="done" kind="primary" disabled=${isBusy}
        onClick=${() => acknowledgeMany(cause, ids(), clear)}>${t('acknowledge')}<//>`}
      <button type="button" class="btn ghost icon" aria-label=${t('close')} onClick=${clear}><${Icon} name="close" /></button></div>`}
  </section>`
}

/** The rows of a cause, page by page; read again when the count changes. */
function useRows (filter, count, start) {
  const key = JSON.stringify(filter)
  const [state, setState] = useState(() => kept.get(key) ?? { rows: null, cursor: null })
  const [isReading, setReading] = useState(false)
  const put = next => {
    kept.set(key, next)
    if (kept.size > 10) kept.delete(kept.keys().next().value)
    setState(next)
  }
  const read = async (before, wanted) => {
    setReading(true)
    await attempt(async () => {
      let rows = before.rows ?? []
      let { cursor } = before
      // A page may have fewer rows than the limit before the end.
      do {
        const page = await get(`/failures?${new URLSearchParams({ ...filter, limit: String(Math.min(200, wanted)), ...(cursor ? { cursor } : {}) })}`)
        rows = [...rows, ...page.failures]
        cursor = rows.length >= count ? null : page.nextCursor
        // The rest may be much older than the first rows.
        if (rows.length > 0) put({ rows, cursor })
      } while (cursor !== null && rows.length < (before.rows?.length ?? 0) + wanted)
      put({ rows, cursor })
    })
    setReading(false)
  }
  const known = useRef(null)
  useEffect(() => {
    const wanted = Math.max(PAGE, Math.min(500, state.rows?.length ?? 0))
    if (known.current === null && state.rows !== null && state.rows.length > PAGE) {
      known.current = count
      return
    }
    if (known.current !== count) void read({ rows: null, cursor: start }, wanted)
    known.current = count
  }, [count])
  // Once the gateway responds again.
  useEvery(REFRESH_MS, async () => { if (state.rows === null && !isReading) await read({ rows: null, cursor: start }, PAGE) }, [state, isReading])
  useLayoutEffect(() => restore(takePlace()), [])
  return { ...state, isReading, more: () => read(state, PAGE) }
}
