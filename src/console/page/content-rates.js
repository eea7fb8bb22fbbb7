import { get } from './api.js'
import { attempt, useEvery } from './feed.js'
import { number } from './format.js'
import { t, tn } from './i18n.js'
import { html, useEffect, useState } from './ui.js'

const REFRESH_MS = 10_000

/** The rates of templates and categories of a sender, as rows of its rules, with what waits for each. */
export function ContentRates ({ sender }) {
  const [found, setFound] = useState(null)
  const read = async () => {
    const now = await attempt(async () => await get(`/senders/${encodeURIComponent(sender.id)}/rates`))
    if (now !== undefined) setFound(now)
  }
  useEffect(() => { void read() }, [sender.id, sender.rates.count])
  useEvery(REFRESH_MS, read, [sender.id])
  return html`${(found?.rates ?? []).map(({ template, language, category, perSecond, waiting }) => html`<div class="content-rate"
    key=${`${template} ${language} ${category}`}><dt>${template === null ? t('contentRate.category') : t('contentRate.template')}</dt>
    <dd><span class="wraps"><bdi>${category ?? `${template} ${language}`}</bdi>: ${t('contentRate.text', { n: number(perSecond) })}${waiting > 0
      ? `, ${tn('count.waits', waiting)}`
      : ''}</span></dd></div>`)}`
}
