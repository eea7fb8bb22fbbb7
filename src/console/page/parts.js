import { h, theirs } from './dom.js'
import { when } from './time.js'
import { states, tones } from './words.js'

/** A list of strings and `{at: iso}` as nodes. */
export const told = parts => parts.map(part => typeof part === 'object' ? when(part.at) : part)

export const badge = status => h('span', { class: `badge ${tones[status] ?? 'wait'}` }, states[status] ?? status)

/** The page of a message. An id holds no telephone number, so it may stand in an address. */
export const messageLink = (id, content, attributes = {}) => h('a', { href: `#message/${encodeURIComponent(id)}`, ...attributes }, content)

/** The plain entries of metadata in a line: what a support desk knows a message by. */
export function brief (metadata) {
  const entries = Object.entries(metadata ?? {}).filter(([, value]) => typeof value !== 'object').slice(0, 3)
  return entries.map(([name, value]) => h('div', { class: 'brief' }, theirs(`${name}: ${value}`)))
}

/** Names and values below each other; rows without a value are left out. */
export function facts (rows) {
  return h('dl', {}, rows.filter(([, value]) => value !== null && value !== undefined && value !== '').map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))
}

/**
 * A table with a scroll bar of its own. `heads` name the columns, `rows` are `tr`. In a narrow window it is laid out as a list of cards (style.css), so
 * each cell brings its heading along, and the roles that it would lose by that.
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
