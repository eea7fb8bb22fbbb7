import { bound, tones } from './words.js'

/**
 * Why the customer has it or has not, and what to do: `{tone, title, why, advice}`. Moments in texts are written as `{at}`, to be shown by the reader's clock:
 * each text is a list of strings and `{at: iso}`. `sender` is the row of `GET /senders`, `stop` the explained code that stopped it.
 */
export function judge (message, sender, stop) {
  const { status, error, expectedAt, nextRetryAt } = message
  const says = (title, why, advice) => ({ tone: message.deliveryError === undefined ? tones[status] ?? 'wait' : 'bad', title, why, advice })
  if (message.deliveryError !== undefined) {
    return says(['WhatsApp took it, and then told that it failed.'], [message.deliveryError.explanation], [message.deliveryError.remedy])
  }
  switch (status) {
    case 'scheduled': return says(['It is scheduled.'], ['It goes at ', { at: expectedAt }, ' or later.'], ['Nothing: it goes by itself.'])
    case 'queued': return waits(message, sender, stop, says)
    case 'sending': return says(['It is being sent right now.'], ['WhatsApp has not answered yet.'], ['Nothing: this page shows the answer when it comes.'])
    case 'sent': return says(['WhatsApp has it; the phone may not have it yet.'], ['WhatsApp took it at ', { at: message.settledAt }, ' and has not said since that it reached the phone.'], ['Wait some minutes. If it stays like this, the phone is off or without a network, or this gateway gets no receipts from WhatsApp.'])
    case 'delivered': return says(['It is on the phone.'], ['Since ', { at: message.deliveredAt }, '.'], ['Nothing. Ask the customer to look into WhatsApp, also under archived and blocked chats.'])
    case 'read': return says(['It was read.'], message.readAt === null ? [] : ['At ', { at: message.readAt }, '.'], ['Nothing.'])
    case 'retrying': return says(['WhatsApp did not take it yet; it will be tried again.'], [error?.explanation ?? '', ' The next try is at ', { at: nextRetryAt }, '.'], [error?.remedy ?? 'Nothing: it is tried again.'])
    case 'unknown': return says(['Nobody knows whether it arrived.'], ['It went out and no answer came back. It is held until ', { at: nextRetryAt }, ', then the policy decides. ', error?.explanation ?? ''], [error?.remedy ?? 'Ask the customer.'])
    case 'failed': return says(['It failed, and will not be tried again by itself.'], [error?.explanation ?? ''], [error?.remedy ?? '', ' Then retry it here.'])
    case 'cancelled': return message.cancelledFor === 'opted-out'
      ? says(['It was cancelled: this person wants no marketing.'], ['The person said so, in WhatsApp or to you.'], ['Nothing: write about orders and the like only.'])
      : says(['It was cancelled before it was sent.'], ['Somebody cancelled it, or asked for all about this person to be erased.'], ['If it still matters, have the calling service send it anew.'])
    case 'expired': return says(['It was not sent in time.'], ['It had waited for as long as it was allowed to before its turn came. ', error?.explanation ?? ''], ['If it still matters, have the calling service send it anew.'])
    default: return says([String(status)], [], [])
  }
}

function waits ({ waitingFor, expectedAt, position }, sender, stop, says) {
  const place = position > 1 ? [` It is number ${position} in this person's line.`] : []
  if (waitingFor === 'pause') {
    const by = sender?.reason ? ` by ${sender.reason}` : ''
    const end = sender?.resumesAt ? ['It opens by itself at ', { at: sender.resumesAt }, '.'] : ['It goes when somebody resumes the sender.']
    return says(['It waits: its sender is paused.'], [`The sender was paused${by}.`, ...place], end)
  }
  if (waitingFor === 'sender-stopped') {
    return says(['It waits: WhatsApp refuses all that its sender sends.'], [stop?.explanation ?? '', ...place], [stop?.remedy ?? 'See the sender.'])
  }
  const moment = expectedAt === null || expectedAt === undefined ? [] : [' It goes at ', { at: expectedAt }, ' at the earliest.']
  return says(['It waits for its turn.'], [`Why: ${bound(waitingFor, sender?.rules)}.`, ...place, ...moment], ['Nothing: it goes by itself.'])
}
