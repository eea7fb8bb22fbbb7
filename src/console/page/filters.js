/** What narrows the list of Messages: parameters of the address, which the gateway searches with. */
import { get } from './api.js'
import { ask, caller } from './app.js'
import { Field } from './dialog.js'
import { clock } from './format.js'
import { t } from './i18n.js'
import { Icon } from './icons.js'
import { go, here } from './router.js'
import { html } from './ui.js'

/** As the API calls them. */
const fields = { campaign: 'campaign', caller: 'caller', template: 'template', code: 'errorCode', from: 'acceptedFrom', until: 'acceptedUntil' }
const moments = ['from', 'until']
export const filterNames = Object.keys(fields)

/** Those that are set in an address, by name. */
export const filtersOf = params => Object.fromEntries(filterNames.map(name => [name, params.get(name) ?? '']).filter(([, value]) => value !== ''))

/** The criteria of the API. */
export const criteriaOf = filters => Object.fromEntries(Object.entries(filters).map(([name, value]) => [fields[name], value]))

const isMoment = text => !Number.isNaN(new Date(text).getTime())

/** A chip for each filter, with a link that removes it. */
export function FilterChips ({ filters }) {
  return Object.entries(filters).map(([name, value]) => html`<span class="chip query" key=${name} id=${`filter-${name}`}>
    <span>${t(`filter.${name}`)}</span><bdi>${moments.includes(name) && isMoment(value) ? clock(value) : value}</bdi>
    <a data-keep href=${here({ [name]: '', open: '' })} aria-label=${t('filter.remove', { name: t(`filter.${name}`) })}
      title=${t('filter.remove', { name: t(`filter.${name}`) })} onClick=${focusButton}><${Icon} name="close" /></a></span>`)
}

/** The link goes away with its filter; the focus goes to what remains. */
const focusButton = () => window.requestAnimationFrame(() => document.getElementById('edit-filters')?.focus())

/** The moment as a field of the browser has it: local, to the minute. */
function localOf (iso) {
  if (!isMoment(iso ?? '')) return ''
  const moment = new Date(iso)
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** Names to choose from; none where the key may not read them. */
async function namesOf (path, key) {
  try {
    return (await get(path))[key].map(({ name }) => name)
  } catch {
    return []
  }
}

export async function editFilters (filters) {
  const [campaigns, callers] = await Promise.all([
    namesOf('/campaigns', 'campaigns'), caller.get().role === 'admin' ? namesOf('/callers', 'callers') : []
  ])
  const field = (name, more) => html`<${Field} id=${`of-${name}`} name=${name} label=${t(`filter.${name}`)} value=${filters[name] ?? ''}
    ...${more} />`
  const options = (id, names) => html`<datalist id=${id}>${names.map(name => html`<option value=${name} />`)}</datalist>`
  const moment = name => field(name, { type: 'datetime-local', value: localOf(filters[name]) })
  const chosen = await ask({
    title: t('filter.title'),
    text: [t('filter.text')],
    action: t('filter.go'),
    fields: html`<div class="fields">${field('campaign', { list: 'campaign-names', spellcheck: false, maxlength: 64 })}
      ${field('caller', { list: 'caller-names', spellcheck: false, maxlength: 32 })}
      ${field('template', { spellcheck: false, maxlength: 512 })}
      ${field('code', { spellcheck: false, maxlength: 64, hint: t('filter.codeHint') })}
      ${moment('from')}${moment('until')}</div>
      ${options('campaign-names', campaigns)}${options('caller-names', callers)}`
  })
  if (chosen === null) return
  const read = name => {
    const text = chosen[name].trim()
    if (!moments.includes(name) || text === '') return text
    // Unchanged, it keeps its seconds.
    return text === localOf(filters[name]) ? filters[name] : new Date(text).toISOString()
  }
  go(here({ ...Object.fromEntries(filterNames.map(name => [name, read(name)])), open: '' }), { keepScroll: true })
}
