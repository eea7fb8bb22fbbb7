import { get } from './api.js'
import { caller } from './app.js'
import { attempt, useEvery, useFeed } from './feed.js'
import { digitsOf } from './format.js'
import { has, t } from './i18n.js'
import { Button, Empty, nameIn, nameOf, Phone, Select, Skeleton, Theirs, Time } from './parts.js'
import { go, here, route } from './router.js'
import { html, useEffect, useState, useStore } from './ui.js'

const REFRESH_MS = 10_000
const ENTRIES = 500

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
      setState({ optOuts: all.sort((one, other) => one.since < other.since ? 1 : -1), nextCursor: page.nextCursor, sender })
    })
  }
  useEffect(() => { void read(null) }, [sender])
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
        : html`<table class="table plain"><thead><tr><th>${t('recipient')}</th><th>${t('since')}</th><th>${t('by')}</th>
          <th>${t('reason')}</th></tr></thead>
          <tbody>${shown.map(one => html`<tr key=${one.recipient}><td><${Phone} text=${one.recipient} /></td><td class="nb">
            <${Time} iso=${one.since} /></td>
            <td>${one.by}</td><td class="wide"><${Theirs} text=${one.reason} /></td></tr>`)}</tbody></table>`}
      ${state?.nextCursor && html`<div class="foot"><${Button} small onClick=${() => read(state)}>${t('showMore')}<//></div>`}</section></main>`
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
          : html`<table class="table plain" id="audit"><thead><tr><th>${t('audit.at')}</th><th>${t('audit.who')}</th><th>${t('audit.what')}</th>
              <th>${t('sender')}</th><th>${t('audit.subject')}</th><th>${t('audit.detail')}</th></tr></thead>
            <tbody>${entries.map((one, i) => html`<tr key=${`${one.at} ${i}`}><td class="nb"><${Time} iso=${one.at} /></td><td class="strong">
              <${Theirs} text=${one.by} /></td>
              <td class="nb">${has(`act.${one.action}`) ? t(`act.${one.action}`) : one.action}</td>
              <td class="nb">${one.sender === '*' || one.sender === 'all' ? t('allSenders') : nameIn(senders, one.sender)}</td>
              <td><code><${Theirs} text=${one.subject} /></code></td><td class="wide">
                <${Theirs} text=${one.detail ?? ''} /></td></tr>`)}</tbody></table>`}</section></main>`
}
