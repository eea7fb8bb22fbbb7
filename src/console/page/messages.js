import { post } from './api.js'
import { job, mayAct } from './app.js'
import { attempt, isAway, refresh, useEvery, useFeed } from './feed.js'
import { criteriaOf, editFilters, FilterChips, filtersOf } from './filters.js'
import { number, phone, span } from './format.js'
import { t, tn } from './i18n.js'
import { Icon } from './icons.js'
import { MessageTable, recipientOf } from './message-table.js'
import { moveAll, moveFilterOf, waitingStates } from './move.js'
import { MessagePanel } from './panel.js'
import { Button, Empty, nameOf, Select, Skeleton } from './parts.js'
import { go, here, href, restore, route, takePlace } from './router.js'
import { meaningsOf, MOST, renewed, search } from './search.js'
import { groupLabel, groups, waitReason } from './states.js'
import { cx, html, useEffect, useLayoutEffect, useRef, useState, useStore } from './ui.js'

/** Rows that are drawn at first, and added by "Show more". */
const ROWS = 100
const REFRESH_MS = 5000
/** Searches that are kept for the way back. */
const KEPT = 10
/** Messages that a search reads again every time; of more only the newest. */
const FEW = 50
/** What each search has found, by what it asks for: `{messages, kinds, isAll, rows}`. */
const searches = new Map()
/** Forgets all searches before another user signs in. */
export const forgetSearches = () => searches.clear()

function keep (key, value) {
  searches.delete(key)
  searches.set(key, value)
  if (searches.size > KEPT) searches.delete(searches.keys().next().value)
}

const keyOf = (q, criteria) => JSON.stringify([q, criteria])

/** What to search for: by state in the page where all messages of any state are known, and otherwise in the gateway. */
function wantedOf (q, sender, filters, state) {
  const criteria = { ...criteriaOf(filters), ...(sender === '' ? {} : { sender }) }
  const all = searches.get(keyOf(q, criteria))
  const isAll = all?.isAll === true && all.messages.length < MOST
  return state === '' || isAll ? { criteria, ofState: '' } : { criteria: { ...criteria, state: groups[state].join(',') }, ofState: state }
}

export function messagesView () {
  const { params } = useStore(route)
  const [q, sender, open] = ['q', 'sender', 'open'].map(name => params.get(name) ?? '')
  const state = Object.hasOwn(groups, params.get('state') ?? '') ? params.get('state') : ''
  const filters = filtersOf(params)
  const { criteria, ofState } = wantedOf(q, sender, filters, state)
  const isLatest = q === '' && Object.keys(criteria).length === 0
  const key = keyOf(q, criteria)
  const senders = useFeed('senders')
  const latest = useFeed('latest')
  const found = useSearch(q, criteria, isLatest)
  const data = !isLatest ? found : latest === null ? null : { messages: latest.messages, kinds: [], isAll: true }
  const messages = data === null ? [] : state === '' ? data.messages : data.messages.filter(message => groups[state].includes(message.status))
  const [rows, setRows] = useState(searches.get(key)?.rows ?? ROWS)
  const isRecipient = data?.kinds.length === 1 && data.kinds[0] === 'recipient'
  const isFiltered = Object.keys(filters).length > 0
  const wanted = moveFilterOf({ q, kinds: data?.kinds ?? [], sender, filters, state })
  const isNothingLeft = data?.isAll === true && !data.messages.some(({ status }) => waitingStates.includes(status))
  const isBusy = useStore(job)?.isRunning === true
  const again = () => {
    if (isLatest) void refresh('latest')
    else found?.again?.()
  }

  // One hit opens by itself.
  useEffect(() => {
    if (q !== '' && data !== null && data.isAll && data.messages.length === 1 && open === '' && !data.hasOpened) {
      data.hasOpened = true
      go(here({ open: data.messages[0].id }), { replace: true })
    }
  }, [data])
  const chosen = () => setRows(count => {
    const kept = searches.get(key)
    if (kept !== undefined) kept.rows = count + ROWS
    return count + ROWS
  })
  return html`<main id="main" class=${cx('split', open !== '' && 'has-panel')} tabindex="-1"><section class="list" id="results">
    <div class="toolbar"><div class="head"><h1>${t('messages')}</h1></div>
      <div class="chips" id="filters">${q !== '' && html`<span class="chip query" id="query"><span>${data !== null && data.kinds.length > 0
        ? data.kinds.map(kind => t(`as.${kind}`)).join(', ')
        : t('as.any')}</span><bdi>${isRecipient ? phone(q) : q}</bdi>
        <a href=${here({ q: '', open: '' })} aria-label=${t('clearSearch')} title=${t('clearSearch')}><${Icon} name="close" /></a></span>`}
        ${(senders?.senders.length ?? 0) > 1 && html`<${Select} id="of-sender" label=${t('sender')} value=${sender}
          options=${[['', t('allSenders')], ...senders.senders.map(one => [one.id, nameOf(one)])]}
          onChange=${value => go(here({ sender: value, open: '' }))} />`}
        <${Button} id="edit-filters" icon="filter" data-key="f" onClick=${() => editFilters(filters)}>${t('filter.button')}<//>
        <${FilterChips} filters=${filters} />
        ${[q, sender, state, ...Object.values(filters)].filter(Boolean).length > 1 && html`<a class="btn ghost"
          href=${href('messages')}>${t('clearFilters')}</a>`}
        ${mayAct() && wanted !== null && !isNothingLeft && html`<${Button} id="move-all" disabled=${isBusy}
          onClick=${() => moveAll(wanted, again)}>${t('moveAll.button')}<//>`}</div>
      ${isRecipient && html`<${Person} recipient=${q} messages=${data.messages} senders=${senders} />`}
      <${StateChips} data=${data} state=${state} ofState=${ofState} /></div>
    <${List} ...${{ q, state, open, senders, data, rows, messages, isRecipient, isFiltered, isLatest, more: chosen }} /></section>
    ${open !== '' && html`<${MessagePanel} key=${open} id=${open} close=${here({ open: '' })} onChange=${again} />`}</main>`
}

/** The messages of a search; from memory on the way back, and read again every few seconds: of many the newest. */
function useSearch (q, criteria, isIdle) {
  const key = keyOf(q, criteria)
  const [, draw] = useState(0)
  const current = useRef(key)
  current.current = key
  const read = async (most = MOST) => {
    if (isIdle) return
    const isRead = await attempt(async () => {
      await search(q, criteria, (messages, kinds, isAll) => {
        const before = searches.get(key)
        if (most < MOST && before !== undefined) keep(key, { ...before, messages: renewed(before.messages, messages) })
        // A refresh shows its result at the end, so that the list does not become shorter meanwhile.
        else if (before?.isAll !== true || isAll) keep(key, { ...before, messages, kinds, isAll, again: read })
        draw(count => count + 1)
      }, () => current.current === key, most)
      return true
    })
    // Without a response nothing is known of the messages: the list stays empty, and says nothing, until the next reading.
    if (searches.get(key) === undefined && (isRead || !isAway())) keep(key, { messages: [], kinds: [], isAll: true, again: read })
    draw(count => count + 1)
  }
  useEffect(() => {
    const [meaning] = q === '' ? [] : meaningsOf(q)
    if (meaning?.id !== undefined) go(href('message', {}, meaning.id), { replace: true })
    else void read()
  }, [key])
  useEvery(REFRESH_MS, async () => { await read((searches.get(key)?.messages.length ?? 0) <= FEW ? MOST : FEW) }, [key])
  const place = useRef(undefined)
  const count = searches.get(key)?.messages.length
  useLayoutEffect(() => {
    place.current ??= takePlace()
    restore(place.current)
    place.current = undefined
  }, [count !== undefined])
  return searches.get(key) ?? null
}

/** The states with the count of all messages found; of one state alone, if the gateway searched for that. */
function StateChips ({ data, state, ofState }) {
  if (ofState === '' && (data === null || data.messages.length === 0)) return null
  const plus = data === null || (data.isAll && data.messages.length < MOST) ? '' : '+'
  const count = states => data === null || (ofState !== '' && states !== groups[ofState])
    ? null
    : data.messages.filter(message => states === null || states.includes(message.status)).length
  const chips = [['', null], ...Object.entries(groups)].map(([name, states]) => [name, count(states)])
    .filter(([name, found]) => found !== 0 || name === state || name === '')
  return html`<div class="chips" id="states">${chips.map(([name, found]) => html`<a class="chip" key=${name} data-keep
    href=${here({ state: name, open: '' })} aria-current=${state === name ? 'true' : undefined}>${name === '' ? t('all') : groupLabel(name)}
      ${found !== null && html`<b>${number(found)}${plus}</b>`}</a>`)}</div>`
}

function List ({ q, state, open, senders, data, rows, messages, isRecipient, isFiltered, isLatest, more }) {
  if (data === null) return html`<${Skeleton} rows=${12} />`
  if (messages.length === 0 && (state !== '' || isFiltered)) {
    return html`<${Empty} title=${t(isFiltered ? 'filter.none' : 'noneInFilter')} text=${isFiltered ? t('filter.noneText') : undefined}>
      <a class="btn" href=${href('messages')}>${t('clearFilters')}</a><//>`
  }
  if (messages.length === 0) {
    return q === ''
      ? html`<${Empty} icon="message" title=${t('noMessages')} text=${t('noMessagesText')} />`
      : html`<${Empty} title=${t('noFound', { what: q })} text=${t('noFoundText')}>
        <a class="btn" href=${href('messages')}>${t('clearFilters')}</a><//>`
  }
  const shown = messages.slice(0, rows)
  return html`<${MessageTable} messages=${shown} senders=${senders} selected=${open} quietRecipient=${isRecipient} label=${t('messages')}
      to=${message => here({ open: message.id })} />
    <div class="foot"><span>${t('range', { from: 1, to: number(shown.length), total: `${number(messages.length)}${data.isAll ? '' : '+'}` })}</span>
      <span class="keys-hint"><kbd>j</kbd> <kbd>k</kbd> · <kbd>Enter</kbd> · <kbd>?</kbd></span>
      ${isLatest && state === '' && html`<span>${tn('newestOnly', data.messages.length)}</span>`}
      ${shown.length < messages.length && html`<${Button} small id="more" onClick=${more}>${t('showMore')}<//>`}</div>`
}

/** What waits for a person, and how soon a new message would go, for each sender that wrote to them. */
function Person ({ recipient, messages, senders }) {
  const [limits, setLimits] = useState([])
  const own = [...new Set(messages.map(message => message.sender))].slice(0, 3)
  const ids = (own.length === 0 ? (senders?.senders ?? []).slice(0, 1).map(({ id }) => id) : own).join(' ')
  const to = messages.map(recipientOf).find(Boolean) ?? recipient
  const read = async () => {
    setLimits(await Promise.all(ids.split(' ').filter(Boolean).map(async sender =>
      ({ sender, ...await post('/rate-limits/find', { recipient, sender }) }))))
  }
  useEffect(() => { read().catch(() => setLimits([])) }, [ids, to, messages.length])
  useEvery(REFRESH_MS, async () => await read().catch(() => {}), [ids, to])
  // One line where nothing waits, and otherwise one for each sender with something to say.
  const busy = limits.filter(({ waiting, delayMs }) => delayMs !== 0 || waiting.urgent + waiting.normal + waiting.bulk > 0)
  return (busy.length > 0 ? busy : limits.slice(0, 1)).map(({ sender, waiting, delayMs, waitingFor, rule }) => {
    const count = waiting.urgent + waiting.normal + waiting.bulk
    const row = senders?.senders.find(({ id }) => id === sender)
    const reason = waitReason(waitingFor, { ...row, rules: { pairIntervalMs: rule.intervalMs } })
    const wait = delayMs === null ? t('person.noEnd', { reason }) : t('person.wait', { span: span(delayMs), reason })
    const next = delayMs === 0 ? t('person.now') : wait
    return html`<p class="person" key=${sender}><span><${Icon} name="clock" />${count === 0 ? t('person.none') : tn('person', count)}; ${next}</span>
      <span><${Icon} name="gauge" />${t('person.rate', { span: span(rule.intervalMs) })}</span>
      ${busy.length > 0 && limits.length > 1 && html`<span class="quiet">${t('with', { sender: nameOf(row ?? { id: sender }) })}</span>`}</p>`
  })
}
