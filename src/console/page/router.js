/**
 * The address behind `#` says what is shown: `#/messages?q=…&open=…`. Each entry of the browser's history keeps its scroll position and the element
 * that had the focus, so that Back returns to the same place. What stands behind `#` is not sent to any server.
 */
import { createStore } from './ui.js'

export const route = createStore(read())
const places = new Map()
let count = 0

function read () {
  // Addresses of earlier versions: #message/ID, #failures.
  const hash = decode(window.location.hash.replace(/^#\/?/, '#/').slice(2))
  const [path = '', query = ''] = split(hash, '?')
  const [name = '', id = ''] = split(path, '/')
  return { name: name === '' ? 'home' : name, id, params: new URLSearchParams(query), key: window.history.state?.key ?? '0' }
}

/** A damaged percent sign is not an address. The query is decoded by its reader. */
function decode (text) {
  const [path = '', query = ''] = split(text, '?')
  try {
    return decodeURIComponent(path) + (query === '' ? '' : `?${query}`)
  } catch {
    return ''
  }
}

function split (text, mark) {
  const i = text.indexOf(mark)
  return i < 0 ? [text] : [text.slice(0, i), text.slice(i + 1)]
}

export function href (name, params = {}, id = '') {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== '')).toString()
  return `#/${name}${id === '' ? '' : `/${encodeURIComponent(id)}`}${query === '' ? '' : `?${query}`}`
}

/** The address of the current view with some of its parameters changed; an empty value removes one. */
export function here (changes) {
  const { name, id, params } = route.get()
  return href(name, { ...Object.fromEntries(params), ...changes }, id)
}

/** Goes to an address. `keepScroll`: only a part of the view changes. */
export function go (address, { replace = false, keepScroll = false } = {}) {
  remember()
  const key = replace ? route.get().key : `${Date.now()}-${++count}`
  window.history[replace ? 'replaceState' : 'pushState']({ key }, '', address)
  const before = route.get()
  route.set(read())
  if (!keepScroll && !replace && before.name !== route.get().name) window.scrollTo(0, 0)
}

function remember () {
  places.set(route.get().key, { y: window.scrollY, focus: document.activeElement?.id ?? '' })
}

/** The place to return to in the current entry; once. */
export function takePlace () {
  const place = places.get(route.get().key)
  places.delete(route.get().key)
  return place
}

/** Scrolls to where the reader was. A view that loads its rows calls it again when they are there. */
export function restore (place) {
  if (place === undefined) return
  window.scrollTo(0, place.y)
  if (place.focus !== '') document.getElementById(place.focus)?.focus({ preventScroll: true })
}

export function startRouter () {
  window.history.scrollRestoration = 'manual'
  if (window.history.state?.key === undefined) window.history.replaceState({ key: '0' }, '', window.location.hash === '' ? '#/home' : undefined)
  let leaving = { key: route.get().key, y: 0, focus: '' }
  document.addEventListener('scroll', () => { leaving = { key: route.get().key, y: window.scrollY, focus: document.activeElement?.id ?? '' } })
  document.addEventListener('focusin', () => { leaving = { key: route.get().key, y: window.scrollY, focus: document.activeElement?.id ?? '' } })
  window.addEventListener('popstate', () => {
    if (leaving.key === route.get().key) places.set(leaving.key, leaving)
    if (window.history.state?.key === undefined) window.history.replaceState({ key: `${Date.now()}-${++count}` }, '')
    route.set(read())
    const place = takePlace()
    window.requestAnimationFrame(() => restore(place))
  })
  document.addEventListener('click', event => {
    const link = event.target.closest?.('a[href^="#/"]')
    if (link === null || link === undefined || event.ctrlKey || event.metaKey || event.button !== 0) return
    event.preventDefault()
    go(link.getAttribute('href'), { keepScroll: link.dataset.keep !== undefined, replace: link.dataset.replace !== undefined })
  })
}
