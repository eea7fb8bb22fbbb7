/** Keys of the page. None acts while a field has the focus or a dialog is open. */
import { ask, dialog } from './app.js'
import { t } from './i18n.js'
import { go, href, here, route } from './router.js'
import { html } from './ui.js'

const views = { h: 'home', m: 'messages', f: 'failures', c: 'campaigns', s: 'senders', k: 'callers', o: 'optOuts', a: 'audit' }
const list = [
  [['/'], 'key.search'], [['?'], 'key.help'], ...Object.entries(views).map(([key, view]) => [['g', key], view]), [['j', 'k'], 'key.move'],
  [['Enter'], 'key.open'], [['Esc'], 'key.close'], [['x'], 'key.select'], [['a'], 'key.all'], [['e'], 'key.ack'], [['r'], 'key.retry'],
  [['f'], 'key.filter'], [['c'], 'key.copy'], [['l'], 'key.link'], [['y'], 'key.reply']
]

export const showKeys = () => {
  void ask({
    title: t('keys'),
    keep: t('close'),
    content: html`<dl class="keys">${list.map(([keys, text]) => html`<dt>${keys.map(key => html`<kbd>${key}</kbd>`)}</dt><dd>${t(text)}</dd>`)}</dl>`
  })
}

let wasG = false

export function startKeyboard () {
  window.addEventListener('keydown', event => {
    const inField = event.target.matches?.('input:not([type=checkbox]):not([type=radio]), select, textarea')
    if (event.key === 'Escape' && event.target.id === 'search') event.target.blur()
    if (event.ctrlKey || event.altKey || event.metaKey || dialog.get() !== null || inField || document.getElementById('search') === null) return
    const isView = wasG
    wasG = event.key === 'g'
    if (isView && Object.hasOwn(views, event.key)) return go(href(views[event.key]))
    switch (event.key) {
      case '/':
        event.preventDefault()
        document.getElementById('search').focus()
        document.getElementById('search').select()
        return
      case '?': return showKeys()
      case 'j': return step(1)
      case 'k': return step(-1)
      case 'Escape': return close()
      default: press(event)
    }
  })
}

/** A button that names the key acts, if it is shown: the action bar and the panel before anything else. */
function press (event) {
  const buttons = [...document.querySelectorAll(`[data-key="${window.CSS.escape(event.key)}"]`)]
    .filter(button => !button.disabled && button.offsetParent !== null)
  const row = document.activeElement?.closest?.('[data-row]')
  const own = row === null || row === undefined ? undefined : buttons.find(button => row.contains(button))
  const button = own ?? buttons.find(button => button.closest('[data-row]') === null)
  if (button === undefined) return
  event.preventDefault()
  button.click()
}

/** Moves to the next or previous row; with an open panel the panel follows. */
function step (by) {
  const links = [...document.querySelectorAll('[data-row] a[data-link]')]
  if (links.length === 0) return
  const current = links.findIndex(link => link.closest('[data-row]').contains(document.activeElement))
  const at = current >= 0 ? current : links.findIndex(link => link.closest('[data-row]').getAttribute('aria-current') === 'true')
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))]
  next.focus()
  if (route.get().params.has('open')) go(next.getAttribute('href'), { replace: true })
}

function close () {
  if (!route.get().params.has('open')) return
  const open = route.get().params.get('open')
  go(here({ open: '' }), { keepScroll: true })
  window.requestAnimationFrame(() => document.getElementById(`row-${open}`)?.focus({ preventScroll: true }))
}
