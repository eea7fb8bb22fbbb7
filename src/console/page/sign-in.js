import { key } from './api.js'
import { h, show } from './dom.js'

/** Asks for an API key. It is stored for this tab only and sent only to the gateway that served the page. */
export function signIn (root, reason, start) {
  const field = h('input', { id: 'key', name: 'key', type: 'password', autocomplete: 'current-password', required: true, spellcheck: 'false' })
  show(root,
    h('form', {
      id: 'sign-in',
      class: 'card plain',
      onsubmit: event => {
        event.preventDefault()
        // A key has printable ASCII only, as a header requires.
        const given = field.value.trim().replace(/[^\x21-\x7e]/g, '')
        if (given === '') return
        key.set(given)
        start()
      }
    },
    h('h2', {}, 'Sign in'),
    reason === '' ? null : h('p', { id: 'reason', role: 'alert' }, reason),
    h('label', { for: 'key' }, 'Your API key'), field,
    h('p', { class: 'hint' }, 'The role read can look, the role admin can act. The key is removed when you close this tab.'),
    h('p', {}, h('button', { type: 'submit', class: 'act' }, 'Sign in'))))
  field.focus()
}
