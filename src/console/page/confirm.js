import { h } from './dom.js'

/**
 * Asks for confirmation. Resolves with the field values by name, or null where the user cancels. `danger` puts the focus on "Go back".
 */
export async function confirm ({ title, text, action, fields = [], danger = false }) {
  return await new Promise(resolve => {
    let given = null
    const cancel = h('button', { type: 'button', id: 'confirm-cancel', onclick: () => dialog.close() }, 'Go back')
    const go = h('button', { type: 'submit', id: 'confirm-go', class: danger ? 'act danger' : 'act' }, action)
    const form = h('form', {
      onsubmit: event => {
        event.preventDefault()
        given = Object.fromEntries(new FormData(form))
        dialog.close()
      }
    }, h('h2', { id: 'confirm-title' }, title), text.map(line => h('p', {}, line)), fields, h('p', { class: 'acts' }, go, cancel))
    const dialog = h('dialog', {
      'aria-labelledby': 'confirm-title',
      onclose: () => {
        dialog.remove()
        resolve(given)
      }
    }, form)
    document.body.append(dialog)
    dialog.showModal()
    const first = danger ? cancel : form.querySelector('input, select') ?? go
    first.focus()
  })
}

/** The optional field `note`, stored with the action. */
export const noteField = () =>
  h('label', { for: 'note' }, 'Note for the history (optional)', h('input', { id: 'note', name: 'note', maxlength: '500', autocomplete: 'off' }))
