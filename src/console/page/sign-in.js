import { key } from './api.js'
import { refusal } from './app.js'
import { t } from './i18n.js'
import { Mark } from './icons.js'
import { html, useEffect, useStore } from './ui.js'

/** Asks for an API key. It is stored for this tab only and sent only to the gateway that served the page. */
export function SignIn ({ onKey }) {
  const reason = useStore(refusal)
  useEffect(() => document.getElementById('key').focus(), [])
  return html`<main id="main" class="sign-in" tabindex="-1"><form id="sign-in" class="card" onSubmit=${event => {
    event.preventDefault()
    // A key has printable ASCII only, as a header requires.
    const given = event.target.elements.key.value.trim().replace(/[^\x21-\x7e]/g, '')
    if (given === '') return
    key.set(given)
    onKey()
  }}>
    <p class="brand"><${Mark} />Sluice</p>
    <h1>${t('signInTitle')}</h1>
    ${reason !== '' && html`<p id="reason" class="note warn" role="alert">${reason}</p>`}
    <div class="field"><label for="key">${t('signInKey')}</label>
      <input class="input" id="key" name="key" type="password" autocomplete="current-password" required spellcheck="false" />
      <p class="hint">${t('signInHint')}</p></div>
    <button type="submit" class="btn primary">${t('signInTitle')}</button>
  </form></main>`
}
