import { key } from './api.js'
import { h, show } from './dom.js'

/** Asks for a key. It is kept for this tab only, and is sent to the gateway that served the page. */
export function signIn (root, why, go) {
  const field = h('input', { id: 'key', name: 'key', type: 'password', autocomplete: 'current-password', required: true, spellcheck: 'false' })
  show(root,
    h('form', {
      id: 'sign-in',
      class: 'card plain',
      onsubmit: event => {
        event.preventDefault()
        // A header takes no other characters, and a key has none.
        const given = field.value.trim().replace(/[^\x21-\x7e]/g, '')
        if (given === '') return
        key.set(given)
        go()
      }
    },
    h('h2', {}, 'Sign in'),
    why === '' ? null : h('p', { id: 'why', role: 'alert' }, why),
    h('label', { for: 'key' }, 'Your API key'), field,
    h('p', { class: 'hint' }, 'One with the role read may look, one with the role admin may act. It is forgotten when this tab is closed.'),
    h('p', {}, h('button', { type: 'submit', class: 'act' }, 'Open'))))
  field.focus()
}
