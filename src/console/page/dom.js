/**
 * Creates an element. `on…` attributes are event listeners; null, undefined and false are skipped. Children that are not nodes become text,
 * so foreign text is never parsed as markup.
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

/** Foreign text, isolated from ours: its own direction and its own lines. */
export const theirs = text => h('bdi', { class: 'theirs' }, text)

/** Replaces the children of an element and restores the focus by element id. */
export function show (element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.id : null
  element.replaceChildren(...nodesOf(children))
  if (focused === null) return
  if (focused !== '') document.getElementById(focused)?.focus({ preventScroll: true })
  // Keyboard navigation continues in the content, not at the top of the page.
  if (document.activeElement === document.body) document.getElementById('main').focus({ preventScroll: true })
}

function nodesOf (children) {
  return children.flat(3).filter(child => child !== null && child !== undefined && child !== false && child !== '')
    .map(child => child instanceof window.Node ? child : document.createTextNode(String(child)))
}
