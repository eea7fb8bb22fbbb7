/** The console: sign-in, the frame of the page, and which view is shown. It asks the public API with its reader's key, and nobody else. */
import { Trouble, get, key } from './api.js'
import { h, show } from './dom.js'
import { failuresView } from './failures.js'
import { findView, forgetSearch } from './find.js'
import { messageView } from './message.js'
import { button } from './parts.js'
import { sendersView } from './senders.js'
import { signIn } from './sign-in.js'
import { troubleOf } from './words.js'

const views = { find: [findView, 'Find', '1'], failures: [failuresView, 'Failures', '2'], senders: [sendersView, 'Senders', '3'], message: [messageView, '', ''] }
const [header, trouble, told, main] = ['header', 'trouble', 'told', 'main'].map(id => document.getElementById(id))

let caller = null
let rows = null
/** Ends what the view before asked for again and again. */
let draining = new AbortController()

/** What views may use of the page. */
const app = {
  mayAct: () => caller?.role === 'admin',
  /** Said in the place of acts. */
  why: () => h('p', { class: 'hint' }, `The key ${caller.name} may look only. Acts need a key of an admin.`),
  go: hash => { window.location.hash = hash },
  tell: (text, tone) => {
    told.className = tone
    show(told, text)
  },
  /** The senders, as they were when somebody last asked; `anew` asks. */
  async senders (anew = false) {
    if (rows === null || anew) rows = (await get('/senders')).senders
    return rows
  },
  /** Does something and tells of trouble. True where there was none. */
  async attempt (work) {
    try {
      await work()
      show(trouble)
      return true
    } catch (error) {
      complain(error, () => render())
      return false
    }
  },
  /** Asks again and again while the view is shown and somebody can see it, until `work` says that it is over. */
  every (ms, work) {
    const { signal } = draining
    let asking = false
    const timer = setInterval(async () => {
      if (asking || document.hidden || document.querySelector('dialog') !== null) return
      asking = true
      await app.attempt(async () => { if (await work() === true) clearInterval(timer) })
      asking = false
    }, ms)
    signal.addEventListener('abort', () => clearInterval(timer))
  }
}

function complain (error, again) {
  if (!(error instanceof Trouble)) {
    show(trouble, h('strong', {}, 'This page has a fault.'), ' Load it again; if it stays, tell whoever runs the gateway.')
    throw error
  }
  if (error.status === 401) return leave(troubleOf(error).join(' '))
  const [what, advice] = troubleOf(error)
  if (trouble.textContent.startsWith(what)) return
  show(trouble, h('strong', {}, what), ` ${advice} `, button('Try again', again, { id: 'again' }))
}

async function start () {
  try {
    caller = await get('/caller')
  } catch (error) {
    if (error instanceof Trouble && error.status === 401 && key.get() === '') return leave('')
    return complain(error, start)
  }
  show(trouble)
  if (caller.role === 'send') {
    const { name } = caller
    return leave(`The key ${name} may send only. The console needs one that may read, or an admin's.`)
  }
  drawHeader()
  await render()
}

/** Shows the sign-in form, and why. */
function leave (why) {
  key.forget()
  caller = rows = null
  draining.abort()
  forgetSearch()
  show(trouble)
  app.tell('', '')
  drawHeader()
  signIn(main, why, start)
}

function drawHeader () {
  const here = viewName()
  show(header,
    h('h1', {}, 'Sluice'),
    caller === null ? null : h('nav', { 'aria-label': 'Views' }, Object.entries(views).filter(([, [, label]]) => label !== '').map(([name, [, label, letter]]) => h('a', { href: `#${name}`, id: `to-${name}`, 'aria-current': name === here ? 'page' : null, 'aria-keyshortcuts': letter }, label))),
    caller?.sandbox === true ? h('span', { class: 'badge wait', id: 'sandbox' }, 'Sandbox: nothing is really sent') : null,
    caller === null ? null : h('span', { class: 'who' }, `${caller.name} (${caller.role === 'admin' ? 'may act' : 'may look'}) `, key.get() === '' ? null : button('Sign out', () => leave('Signed out.'), { id: 'sign-out' })))
}

function viewName () {
  const [name] = window.location.hash.slice(1).split('/')
  return Object.hasOwn(views, name) ? name : 'find'
}

async function render () {
  if (caller === null) return await start()
  draining.abort()
  draining = new AbortController()
  const { signal } = draining
  const name = viewName()
  const [view, label] = views[name]
  document.title = `${label === '' ? 'Message' : label}: Sluice console`
  drawHeader()
  // Drawn aside, so that a view that comes late never takes the place of a later one.
  const root = h('div')
  show(main, root)
  const went = await app.attempt(async () => await view(app, root, idOf(window.location.hash)))
  if (!signal.aborted && went && name !== 'find') main.focus({ preventScroll: true })
}

function idOf (hash) {
  try {
    return decodeURIComponent(hash.slice(hash.indexOf('/') + 1))
  } catch {
    return ''
  }
}

window.addEventListener('hashchange', event => {
  // The link over the header is a jump within the page and no view.
  if (window.location.hash === '#main') return window.history.replaceState(null, '', event.oldURL)
  app.tell('', '')
  render().catch(window.reportError)
})

window.addEventListener('keydown', event => {
  const busy = event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog') !== null || event.target.matches('input, select, textarea')
  if (busy || caller === null) return
  const view = Object.keys(views).find(name => views[name][2] === event.key)
  if (view !== undefined) app.go(`#${view}`)
  else if (event.key === '/') {
    event.preventDefault()
    if (viewName() === 'find') document.getElementById('what')?.focus()
    else app.go('#find')
  } else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1)
})

/** To the next message of a list, or the one before. */
function step (by) {
  const links = [...document.querySelectorAll('[data-row] a')]
  const at = links.findIndex(link => link.closest('tr').contains(document.activeElement))
  links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))]?.focus()
}

await start()
