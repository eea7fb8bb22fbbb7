/**
 * An element. Attributes that are functions listen (`onclick`), null, undefined and false are left out. Children that are no nodes become text:
 * what strangers wrote is never markup.
 */
export function h (name, attributes = {}, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
    else element.setAttribute(key, value === true ? '' : String(value))
  }
  element.append(...nodesOf(children))
  return element
}

/** Text of somebody else's, kept apart from ours: its own direction, its own lines. */
export const theirs = text => h('bdi', { class: 'theirs' }, text)

/** Puts these children in the place of what is there; who had the focus has it again, found by its id. */
export function show (element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.id : null
  element.replaceChildren(...nodesOf(children))
  if (focused === null) return
  if (focused !== '') document.getElementById(focused)?.focus({ preventScroll: true })
  // A keyboard goes on from the content, not from the top of the page.
  if (document.activeElement === document.body) document.getElementById('main').focus({ preventScroll: true })
}

function nodesOf (children) {
  return children.flat(3).filter(child => child !== null && child !== undefined && child !== false && child !== '')
    .map(child => child instanceof window.Node ? child : document.createTextNode(String(child)))
}
