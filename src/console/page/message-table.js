import { briefOf } from './format.js'
import { t } from './i18n.js'
import { About, Age, Brief, nameIn, Phone, State } from './parts.js'
import { cx, html } from './ui.js'

/** What the recipient's column shows: as it is sent, or its canonical form once the message has ended. */
export const recipientOf = message => message.to ?? message.recipient

/** One line for each message. The whole line is the link. `to(message)`: its address. `senders`: shown where there are several. */
export function MessageTable ({ messages, senders, selected, to, label, quietRecipient = false }) {
  const hasSenders = (senders?.senders.length ?? 0) > 1
  const hasCampaigns = messages.some(({ campaign }) => campaign !== undefined)
  return html`<table class="table messages" role="table" aria-label=${label}>
    <thead role="rowgroup"><tr role="row"><th role="columnheader">${t('state')}</th><th role="columnheader">${t('recipient')}</th>
      <th role="columnheader" class="ab">${t('order')}</th><th role="columnheader" class="wide">${t('content')}</th>
      ${hasCampaigns && html`<th role="columnheader" class="less roomy">${t('campaign')}</th>`}
      ${hasSenders && html`<th role="columnheader" class="less">${t('sender')}</th>`}<th role="columnheader" class="less">${t('caller')}</th>
      <th role="columnheader" class="num">${t('age')}</th></tr></thead>
    <tbody role="rowgroup">${messages.map(message => html`<tr key=${message.id} role="row" data-row
      aria-current=${message.id === selected ? 'true' : undefined}>
      <td role="cell" class="st"><${State} status=${message.status} code=${message.error?.code ?? message.deliveryError?.code} /></td>
      <td role="cell" class=${cx('to', quietRecipient && 'quiet')}><a data-link data-keep id=${`row-${message.id}`} href=${to(message)}>
        <${Phone} text=${recipientOf(message)} /></a></td>
      <td role="cell" class="ab"><${About} metadata=${message.metadata} /></td>
      <td role="cell" class=${cx('wide tx', briefOf(message.message, message.type) === null && 'gone')}>
        <${Brief} message=${message.message} type=${message.type} /></td>
      ${hasCampaigns && html`<td role="cell" class="less roomy">${message.campaign === undefined
        ? html`<span class="dash">–</span>`
        : html`<bdi>${message.campaign}</bdi>`}</td>`}
      ${hasSenders && html`<td role="cell" class="less">${nameIn(senders, message.sender)}</td>`}
      <td role="cell" class="less">${message.caller ?? '–'}</td>
      <td role="cell" class="num ag"><${Age} iso=${message.createdAt} /></td></tr>`)}</tbody></table>`
}
