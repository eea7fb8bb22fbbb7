import { t } from './i18n.js'
import { Icon } from './icons.js'
import { MessageBody } from './panel.js'
import { href } from './router.js'
import { html } from './ui.js'

/** A message by its address, which can be sent to a colleague. */
export function messageView ({ id }) {
  return html`<main id="main" class="page narrow" tabindex="-1">
    <p class="crumb"><a href=${href('messages')}><${Icon} name="left" />${t('messages')}</a></p><${MessageBody} key=${id} id=${id} /></main>`
}
