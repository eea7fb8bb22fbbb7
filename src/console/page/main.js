/** The console: sign-in, frame and views. It calls only the public API, with the user's key. */
import { ApiError, get, key } from './api.js'
import { caller, job, refusal } from './app.js'
import { auditView, optOutsView } from './lists.js'
import { callersView } from './callers.js'
import { campaignsView } from './campaigns.js'
import { Toasts, Dialog } from './dialog.js'
import { explainError } from './errors.js'
import { failuresView } from './failures.js'
import { forgetFeeds, problem, session } from './feed.js'
import { homeView } from './home.js'
import { language, t } from './i18n.js'
import { startKeyboard } from './keyboard.js'
import { messageView } from './message.js'
import { forgetSearches, messagesView } from './messages.js'
import { go, href, route, startRouter } from './router.js'
import { sendersView } from './senders.js'
import { Banners, Header, Problem } from './shell.js'
import { SignIn } from './sign-in.js'
import { html, render, useEffect, useStore } from './ui.js'

const SIGN_IN_AGAIN_MS = 2000

const views = {
  home: homeView,
  messages: messagesView,
  message: messageView,
  failures: failuresView,
  campaigns: campaignsView,
  senders: sendersView,
  callers: callersView,
  optOuts: optOutsView,
  audit: auditView
}

function applyTheme () {
  const theme = localStorage.getItem('sluice-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  else delete document.documentElement.dataset.theme
}

/** Shows the sign-in with a reason. */
function signOut (reason) {
  key.forget()
  forgetFeeds()
  forgetSearches()
  job.set(null)
  problem.set(null)
  refusal.set(reason)
  caller.set(null)
}
session.onRefused = error => signOut(explainError(error).join(' '))

async function signIn () {
  try {
    const found = await get('/caller')
    if (found.role === 'send') return signOut(t('sendOnly', { name: found.name }))
    problem.set(null)
    refusal.set('')
    caller.set(found)
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return signOut(key.get() === '' ? '' : explainError(error).join(' '))
    if (!(error instanceof ApiError)) throw error
    problem.set({ error, again: signIn })
    // The node may be busy or starting: the page goes on by itself once it responds.
    setTimeout(() => { if (!caller.get()) void signIn() }, SIGN_IN_AGAIN_MS)
  }
}

/** Draws all again, in another language or colour. */
function redraw () {
  applyTheme()
  document.documentElement.lang = language()
  render(html`<${App} key=${language()} />`, document.getElementById('app'))
}

function App () {
  const user = useStore(caller)
  const { name, id } = useStore(route)
  const View = Object.hasOwn(views, name) ? views[name] : null
  useEffect(() => {
    if (View === null && user) go(href('home'), { replace: true })
    document.title = `${!user ? t('signInTitle') : t(View === null ? 'home' : name)} · Sluice`
  }, [name, user])
  if (user === undefined) return html`<${Problem} again=${signIn} />`
  if (user === null) return html`<${Problem} again=${signIn} /><${SignIn} onKey=${signIn} />`
  return html`<a class="skip" href="#main" id="skip" onClick=${event => {
    event.preventDefault()
    document.getElementById('main').focus()
  }}>${t('skip')}</a>
    <${Header} signOut=${() => signOut(t('signedOut'))} redraw=${redraw} />
    <${Problem} /><${Banners} />
    ${View !== null && html`<${View} key=${name} id=${id} />`}
    <${Dialog} /><${Toasts} />`
}

startRouter()
startKeyboard()
redraw()
await signIn()
