import { get } from './api.js'
import { caller } from './app.js'
import { inWords } from './audit-words.js'
import { attempt, useEvery, useFeed } from './feed.js'
import { digitsOf } from './format.js'
import { has, t } from './i18n.js'
import { meaningsOf } from './search.js'
import { Button, Empty, nameIn, nameOf, Phone, Select, Skeleton, Theirs, Time } from './parts.js'
import { go, here, href, route } from './router.js'
import { html, useEffect, useState, useStore } from './ui.js'

const REFRESH_MS = 10_000
const ENTRIES = 500

/** A table without links. `rows`: key and cells, each `[class, content]`. On a telephone a row is a card, so the parts have their roles. */
function Plain ({ id, heads, rows }) {
  return html`<table class="table plain" role="table" id=${id}><thead role="rowgroup"><tr role="row">
      ${heads.map(head => html`<th role="columnheader">${head}</th>`)}</tr></thead>
    <tbody role="rowgroup">${rows.map(([key, cells]) => html`<tr role="row" key=${key}>
      ${cells.map(([name, content]) => html`<td role="cell" class=${name}>${content}</td>`)}</tr>`)}</tbody></table>`
}

/** People who want no marketing, by sender. */
export function optOutsView () {
  const { params } = useStore(route)
  const senders = useFeed('senders')
  const sender = params.get('sender') ?? senders?.senders[0]?.id ?? ''
  const [wanted, setWanted] = useState('')
  const [state, setState] = useState(null)
  const read = async before => {
    if (sender === '') return
    await attempt(async () => {
      const page = await get(`/opt-outs?${new URLSearchParams({ sender, limit: '500', cursor: before?.nextCursor ?? '0' })}`)
      const all = [...(before?.optOuts ?? []), ...page.optOuts]
      setState({ optOuts: all.sort((one, other) => one.since < other.since ? 1 : -1), nextCursor: page.nextCursor, sender, isPaged: before !== null })
    })
  }
  useEffect(() => { void read(null) }, [sender])
  useEvery(REFRESH_MS, async () => { if (state?.isPaged !== true) await read(null) }, [sender, state?.isPaged])
  const shown = (state?.optOuts ?? []).filter(({ recipient }) => wanted === '' || recipient.includes(digitsOf(wanted) || wanted))
  return html`<main id="main" class="page" tabindex="-1"><div class="head"><h1>${t('optOuts')}</h1>
    <span class="quiet">${t('optOuts.text')}</span></div>
    <div class="chips bar-row">${(senders?.senders.length ?? 0) > 1 && html`<${Select} id="of-sender" label=${t('sender')} value=${sender}
        options=${senders.senders.map(one => [one.id, nameOf(one)])} onChange=${value => go(here({ sender: value }))} />`}
      <label><span class="vh">${t('recipient')}</span><input class="input" id="filter" type="search" placeholder=${t('recipient')}
        value=${wanted} onInput=${event => setWanted(event.target.value)} /></label></div>
    <section class="card">${state === null || state.sender !== sender
      ? html`<${Skeleton} />`
      : shown.length === 0
        ? html`<${Empty} icon="user" title=${t('optOuts.none')} text=${t('optOuts.noneText')} />`
        : html`<${Plain} heads=${[t('recipient'), t('since'), t('by'), t('reason')]} rows=${shown.map(one => [one.recipient, [
          ['', html`<${Phone} text=${one.recipient} />`], ['nb', html`<${Time} iso=${one.since} />`],
          ['', one.by === 'whatsapp' ? 'WhatsApp' : one.by],
          ['wide', html`<${Theirs} text=${has(`optOut.${one.reason}`) ? t(`optOut.${one.reason}`) : one.reason} />`]
        ]])} />`}
      ${state?.nextCursor && html`<div class="foot"><${Button} small onClick=${() => read(state)}>${t('showMore')}<//></div>`}</section></main>`
}

/** What was acted on: a message, a campaign or a sender is a link to it. */
function Subject ({ entry: { action, sender, subject } }) {
  if (action.startsWith('bulk-')) return html`<${Theirs} text=${inWords(subject)} />`
  const text = html`<code><${Theirs} text=${subject} /></code>`
  if (meaningsOf(subject)[0]?.as === 'id') return html`<a href=${href('message', {}, subject)}>${text}</a>`
  if (action.endsWith('-campaign')) return html`<a href=${href('campaigns', {}, subject)}>${text}</a>`
  return subject === sender ? html`<a href=${href('senders', {}, subject)}>${text}</a>` : text
}

/** What operators did, newest first. */
export function auditView () {
  const [entries, setEntries] = useState(null)
  const senders = useFeed('senders')
  const isAdmin = caller.get()?.role === 'admin'
  const read = async () => {
    if (!isAdmin) return
    const found = await attempt(async () => await get(`/audit?limit=${ENTRIES}`))
    if (found !== undefined) setEntries(found.entries)
  }
  useEffect(() => { void read() }, [])
  useEvery(REFRESH_MS, read)
  return html`<main id="main" class="page" tabindex="-1"><div class="head"><h1>${t('audit')}</h1><span class="quiet">${t('audit.text')}</span></div>
    <section class="card">${!isAdmin
      ? html`<${Empty} icon="info" title=${t('audit.forbidden')} />`
      : entries === null
        ? html`<${Skeleton} />`
        : entries.length === 0
          ? html`<${Empty} icon="list" title=${t('audit.none')} />`
          : html`<${Plain} id="audit" heads=${[t('audit.at'), t('audit.who'), t('audit.what'), t('sender'), t('audit.subject'), t('audit.detail')]}
            rows=${entries.map((one, i) => [`${one.at} ${i}`, [
              ['nb', html`<${Time} iso=${one.at} />`], ['strong', html`<${Theirs} text=${one.by} />`],
              ['nb', has(`act.${one.action}`) ? t(`act.${one.action}`) : one.action],
              ['nb', one.sender === '*' || one.sender === 'all' ? t('allSenders') : nameIn(senders, one.sender)],
              ['subject', html`<${Subject} entry=${one} />`], ['wide', html`<${Theirs} text=${inWords(one.detail ?? '')} />`]
            ]])} />`}</section></main>`
}
