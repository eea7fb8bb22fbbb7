/** What the whole page shares: the caller, dialogs, toasts, and a job that is running. */
import { createStore } from './ui.js'

/** `{name, role, sandbox}`; null before the sign-in, undefined until it is known whether a key is needed. */
export const caller = createStore(undefined)
export const mayAct = () => caller.get()?.role === 'admin'
/** Why the sign-in is shown. */
export const refusal = createStore('')
/** The open dialog: its options and `resolve`. */
export const dialog = createStore(null)
export const toast = createStore('')
export const job = createStore(null)

/** Asks in a dialog. Returns the values of its fields, or null where the reader goes back. */
export async function ask (options) {
  return await new Promise(resolve => {
    dialog.set({
      ...options,
      resolve (values) {
        dialog.set(null)
        resolve(values)
      }
    })
  })
}

let hiding
/** Says what was done, for six seconds. */
export function say (text) {
  clearTimeout(hiding)
  toast.set(text)
  hiding = setTimeout(() => toast.set(''), 6000)
}
