import { get, post } from './api.js'
import { ask, mayAct, say } from './app.js'
import { attempt, refresh, useEvery } from './feed.js'
import { number } from './format.js'
import { t } from './i18n.js'
import { Age, Button } from './parts.js'
import { html, useEffect, useState } from './ui.js'

const REFRESH_MS = 10_000

/** The templates of a sender that WhatsApp does not send now: why, since when, and how many messages wait. Nothing where all are sent. */
export function HeldTemplates ({ sender }) {
  const [found, setFound] = useState(null)
  const path = `/senders/${encodeURIComponent(sender.id)}/templates`
  const read = async () => {
    const now = await attempt(async () => await get(path))
    if (now !== undefined) setFound(now)
  }
  useEffect(() => { void read() }, [sender.id])
  useEvery(REFRESH_MS, read, [sender.id])
  const templates = found?.templates ?? []
  if (templates.length === 0) return null
  return html`<section class="card" id="templates" aria-labelledby="templates-title"><header><h2 id="templates-title">${t('templates.title')}</h2>
      <span class="quiet">${t('templates.text')}</span></header>
    <table class="table lines" aria-label=${t('templates.title')}>
      <thead><tr><th>${t('templates.template')}</th><th>${t('state')}</th><th>${t('templates.code')}</th><th class="num">${t('waiting')}</th>
        <th class="num">${t('templates.since')}</th>${mayAct() && html`<th><span class="vh">${t('templates.resume')}</span></th>`}</tr></thead>
      <tbody>${templates.map(template => html`<tr key=${`${template.name} ${template.language}`} data-template=${template.name}>
        <td class="who"><bdi>${template.name}</bdi><small>${template.language}</small></td>
        <td data-head=${t('state')}>${t(`templates.${template.state}`)}</td><td data-head=${t('templates.code')}>${template.code}</td>
        <td class="num" data-head=${t('waiting')}>${number(template.waiting)}</td><td class="num ag"><${Age} iso=${template.since} /></td>
        ${mayAct() && html`<td class="num">${template.state !== 'releasing' && html`<${Button} small
          id=${`resume-${template.name}-${template.language}`} onClick=${async () => { if (await resume(path, template)) await read() }}>
          ${t('templates.resume')}<//>`}</td>`}</tr>`)}</tbody></table></section>`
}

/** Sends the messages although its status says otherwise. Returns whether the reader has agreed. */
async function resume (path, { name, language }) {
  const sure = await ask({ title: t('templates.resumeTitle', { name }), text: [t('templates.resumeText')], action: t('templates.resume') })
  if (sure === null) return false
  await attempt(async () => {
    await post(`${path}/resume`, { name, language })
    say(t('templates.resumed', { name }))
    await refresh('senders')
  })
  return true
}
