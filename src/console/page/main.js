/** The console: sign-in, page frame and view selection. It calls only the public API, with the user's key. */
import { ApiError, get, key } from './api.js'
import { h, show } from './dom.js'
import { failuresView } from './failures.js'
import { findView, forgetSearch } from './find.js'
import { messageView } from './message.js'
import { button } from './parts.js'
import { sendersView } from './senders.js'
import { signIn } from './sign-in.js'
import { explainError } from './words.js'

const views = {
  find: [findView, 'Find', '1'],
  failures: [failuresView, 'Failures', '2'],
  senders: [sendersView, 'Senders', '3'],
  message: [messageView, '', '']
}
const [header, problem, notice, main] = ['header', 'problem', 'notice', 'main'].map(id => document.getElementById(id))

let caller = null
let rows = null
/** Aborts the polling of the previous view. */
let navigation = new AbortController()

/** What the page offers to its views. */
const app = {
  mayAct: () => caller?.role === 'admin',
  /** Shown instead of actions. */
  readOnlyHint: () => h('p', { class: 'hint' }, `The key ${caller.name} is read-only. Actions need an admin key.`),
  go: hash => { window.location.hash = hash },
  notify: (text, tone) => {
    notice.className = tone
    show(notice, text)
  },
  /** The senders, cached; `refresh` reads them again. */
  async senders (refresh = false) {
    if (rows === null || refresh) rows = (await get('/senders')).senders
    return rows
  },
  /** Runs `work` and shows its error. Returns true on success. */
  async attempt (work) {
    try {
      await work()
      show(problem)
      return true
    } catch (error) {
      showError(error, () => render())
      return false
    }
  },
  /** Polls while the view is visible, until `work` returns true. */
  every (ms, work) {
    const { signal } = navigation
    let isBusy = false
    const timer = setInterval(async () => {
      if (isBusy || document.hidden || document.querySelector('dialog') !== null) return
      isBusy = true
      await app.attempt(async () => { if (await work() === true) clearInterval(timer) })
      isBusy = false
    }, ms)
    signal.addEventListener('abort', () => clearInterval(timer))
  }
}

function showError (error, again) {
  if (!(error instanceof ApiError)) {
    show(problem, h('strong', {}, 'This page has an error.'), ' Reload it. If the error stays, contact the operators of the gateway.')
    throw error
  }
  if (error.status === 401) return signOut(explainError(error).join(' '))
  const [what, advice] = explainError(error)
  if (problem.textContent.startsWith(what)) return
  show(problem, h('strong', {}, what), ` ${advice} `, button('Try again', again, { id: 'again' }))
}

async function start () {
  try {
    caller = await get('/caller')
  } catch (error) {
    if (error instanceof ApiError && error.status === 401 && key.get() === '') return signOut('')
    return showError(error, start)
  }
  show(problem)
  if (caller.role === 'send') {
    const { name } = caller
    return signOut(`The key ${name} may only send. The console needs a key with the role read or admin.`)
  }
  drawHeader()
  await render()
}

/** Shows the sign-in form with a reason. */
function signOut (reason) {
  key.forget()
  caller = rows = null
  navigation.abort()
  forgetSearch()
  show(problem)
  app.notify('', '')
  drawHeader()
  signIn(main, reason, start)
}

function drawHeader () {
  const here = viewName()
  show(header,
    h('h1', {}, 'Sluice'),
    caller === null
      ? null
      : h(
        'nav',
        { 'aria-label': 'Views' },
        Object.entries(views)
          .filter(([, [, label]]) => label !== '')
          .map(([name, [, label, letter]]) =>
            h('a', { href: `#${name}`, id: `to-${name}`, 'aria-current': name === here ? 'page' : null, 'aria-keyshortcuts': letter }, label)
          )
      ),
    caller?.sandbox === true ? h('span', { class: 'badge wait', id: 'sandbox' }, 'Sandbox: no real messages') : null,
    caller?.role === 'admin' ? h('a', { href: '/admin/queues', id: 'to-queues' }, 'Queues') : null,
    caller === null
      ? null
      : h(
        'span',
        { class: 'who' },
          `${caller.name} (${caller.role === 'admin' ? 'admin' : 'read-only'}) `,
          key.get() === '' ? null : button('Sign out', () => signOut('Signed out.'), { id: 'sign-out' })
      )
  )
}

function viewName () {
  const [name] = window.location.hash.slice(1).split('/')
  return Object.hasOwn(views, name) ? name : 'find'
}

async function render () {
  if (caller === null) return await start()
  navigation.abort()
  navigation = new AbortController()
  const { signal } = navigation
  const name = viewName()
  const [view, label] = views[name]
  document.title = `${label === '' ? 'Message' : label}: Sluice console`
  drawHeader()
  // Rendered into its own element, so that a slow view never replaces a newer one.
  const root = h('div')
  show(main, root)
  const isShown = await app.attempt(async () => await view(app, root, idOf(window.location.hash)))
  if (!signal.aborted && isShown && name !== 'find') main.focus({ preventScroll: true })
}

function idOf (hash) {
  try {
    return decodeURIComponent(hash.slice(hash.indexOf('/') + 1))
  } catch {
    return ''
  }
}

window.addEventListener('hashchange', event => {
  // The skip link jumps within the page and is not a view.
  if (window.location.hash === '#main') return window.history.replaceState(null, '', event.oldURL)
  app.notify('', '')
  render().catch(window.reportError)
})

window.addEventListener('keydown', event => {
  const busy =
    event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog') !== null || event.target.matches('input, select, textarea')
  if (busy || caller === null) return
  const view = Object.keys(views).find(name => views[name][2] === event.key)
  if (view !== undefined) app.go(`#${view}`)
  else if (event.key === '/') {
    event.preventDefault()
    if (viewName() === 'find') document.getElementById('what')?.focus()
    else app.go('#find')
  } else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1)
})

/** Moves the focus to the next or previous row. */
function step (by) {
  const links = [...document.querySelectorAll('[data-row] a')]
  const at = links.findIndex(link => link.closest('tr').contains(document.activeElement))
  links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))]?.focus()
}

await start()
