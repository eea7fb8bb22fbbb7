import { dialog, job, toast } from './app.js'
import { t } from './i18n.js'
import { Icon } from './icons.js'
import { Bar, Button } from './parts.js'
import { cx, html, useLayoutEffect, useRef, useState, useStore } from './ui.js'

/**
 * The dialog of `ask`: `{title, text, fields, note, action, keep, tone, check}`. `fields` are elements with names; `check` of their values says what
 * is wrong. The focus starts at the first field, or where the action cannot be undone at the button that goes back.
 */
export function Dialog () {
  const options = useStore(dialog)
  const ref = useRef(null)
  const [wrong, setWrong] = useState(null)
  // Before anything is painted: a key that is pressed at once is for the dialog, not for what opened it.
  useLayoutEffect(() => {
    setWrong(null)
    if (options === null) return
    const before = document.activeElement
    ref.current.showModal()
    ref.current.querySelector(options.tone === 'danger' ? '#confirm-cancel' : 'input:not([type=radio]), select, textarea, #confirm-go')?.focus()
    return () => { if (before?.isConnected) before.focus() }
  }, [options])
  if (options === null) return null
  const { title, text = [], fields, note, action, keep, tone, check, resolve, content } = options
  return html`<dialog ref=${ref} aria-labelledby="dialog-title" onClose=${() => { if (dialog.get() === options) resolve(null) }}>
    <form method="dialog" onSubmit=${event => {
      event.preventDefault()
      const values = Object.fromEntries(new FormData(event.target))
      const found = check?.(values) ?? null
      if (found === null) resolve(values)
      else setWrong(found)
    }}>
      <div class="sheet-head"><h2 id="dialog-title">${title}</h2>${text.map(line => html`<p>${line}</p>`)}</div>
      <div class="sheet-body">${content}${fields}${note && html`<p class="note warn"><${Icon} name="info" /><span>${note}</span></p>`}
        ${wrong !== null && html`<p class="note bad" role="alert"><${Icon} name="failed" /><span>${wrong}</span></p>`}</div>
      <div class="sheet-foot"><${Button} id="confirm-cancel" onClick=${() => resolve(null)}>${keep ?? t('cancel')}<//>
        ${action && html`<button type="submit" id="confirm-go"
          class=${cx('btn', tone === 'danger' ? 'danger solid' : 'primary')}>${action}</button>`}</div>
    </form></dialog>`
}

export function Field ({ id, label, hint, ...input }) {
  return html`<div class="field"><label for=${id}>${label}</label><input class="input" id=${id} autocomplete="off" ...${input}
    aria-describedby=${hint ? `${id}-hint` : undefined} />${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}</div>`
}

export const noteField = () => html`<${Field} id="note" name="note" label=${t('note')} maxlength="500" />`

/** What was done; a running job with its progress and, at its end, its result. */
export function Toasts () {
  const text = useStore(toast)
  const work = useStore(job)
  return html`<div id="notice" class="toast" role="status">${text !== '' && html`<${Icon} name="done" />${text}`}</div>
    ${work !== null && html`<section class="job" id="job" aria-live="polite">
      <div><strong>${work.text}</strong>${work.isRunning
        ? html`<${Button} small onClick=${work.stop}>${t('job.stop')}<//>`
        : html`<button type="button" class="btn ghost icon" aria-label=${t('close')} onClick=${() => job.set(null)}>
          <${Icon} name="close" /></button>`}</div>
      ${work.isRunning && html`<${Bar} share=${work.done / Math.max(1, work.total)} />
        <p class="quiet small">${t(work.goesOn ? 'job.goesOn' : 'job.keepOpen')}</p>`}
    </section>`}`
}
