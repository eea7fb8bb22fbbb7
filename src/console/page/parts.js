import { h, theirs } from './dom.js'
import { when } from './time.js'
import { states, tones } from './words.js'

/** A list of strings and `{at: iso}` as nodes. */
export const phrase = parts => parts.map(part => typeof part === 'object' ? when(part.at) : part)

export const badge = status => h('span', { class: `badge ${tones[status] ?? 'wait'}` }, states[status] ?? status)

/** Link to a message. An id contains no phone number, so it may be part of a URL. */
export const messageLink = (id, content, attributes = {}) => h('a', { href: `#message/${encodeURIComponent(id)}`, ...attributes }, content)

/** The plain metadata entries, by which a support agent recognises a message. */
export function brief (metadata) {
  const entries = Object.entries(metadata ?? {}).filter(([, value]) => typeof value !== 'object').slice(0, 3)
  return entries.map(([name, value]) => h('div', { class: 'brief' }, theirs(`${name}: ${value}`)))
}

/** A list of names and values; rows without a value are skipped. */
export function facts (rows) {
  return h(
    'dl',
    {},
    rows.filter(([, value]) => value !== null && value !== undefined && value !== '').map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])
  )
}

/**
 * A table with its own scroll bar. `heads` are column titles, `rows` are `tr`. A narrow window shows it as a list of cards (style.css), so
 * each cell carries its title and the ARIA roles that the card layout removes.
 */
export function table (heads, rows, attributes = {}) {
  for (const row of rows) {
    row.setAttribute('role', 'row')
    for (const [at, cell] of [...row.children].entries()) {
      cell.setAttribute('role', 'cell')
      cell.dataset.head = heads[at]
    }
  }
  return h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': attributes['aria-label'] },
    h('table', { role: 'table', ...attributes },
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads.map(head => h('th', { scope: 'col', role: 'columnheader' }, head)))),
      h('tbody', { role: 'rowgroup' }, rows)))
}

export function button (label, onclick, attributes = {}) {
  return h('button', { type: 'button', onclick, ...attributes }, label)
}

/** A labelled choice: `options` are `[value, label]`. */
export function choice (label, id, options, chosen, onchange) {
  return h('label', { for: id }, label, ' ',
    h('select', { id, onchange }, options.map(([value, text]) => h('option', { value, selected: value === chosen }, text))))
}
