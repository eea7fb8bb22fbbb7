import { tones, waitReason } from './words.js'

/**
 * Whether the customer has the message, why, and what to do: `{tone, title, reason, advice}`. Each text is a list of strings and `{at: iso}`;
 * the page formats times in the reader's time zone. `sender` is a row of `GET /senders`, `stop` the explained code that stopped it.
 */
export function explainStatus (message, sender, stop) {
  const { status, error, expectedAt, nextRetryAt } = message
  const text = (title, reason, advice) => ({ tone: message.deliveryError === undefined ? tones[status] ?? 'wait' : 'bad', title, reason, advice })
  if (message.deliveryError !== undefined) {
    return text(['WhatsApp accepted it and later reported a failure.'], [message.deliveryError.explanation], [message.deliveryError.remedy])
  }
  switch (status) {
    case 'scheduled': return text(['Scheduled.'], ['It is sent at ', { at: expectedAt }, ' or later.'], ['Nothing: it is sent automatically.'])
    case 'queued': return explainWait(message, sender, stop, text)
    case 'sending': return text(['In flight.'], ['WhatsApp has not responded yet.'], ['Nothing: this page shows the response when it arrives.'])
    case 'sent': return text(['WhatsApp has it; the phone may not have it yet.'],
      ['WhatsApp accepted it at ', { at: message.settledAt }, ' and has not reported delivery since.'],
      ['Wait some minutes. If it stays like this, the phone is off or offline, or this gateway receives no status webhooks.'])
    case 'delivered': return text(['Delivered to the phone.'], ['At ', { at: message.deliveredAt }, '.'],
      ['Nothing. Ask the customer to look in WhatsApp, including archived and blocked chats.'])
    case 'read': return text(['Read.'], message.readAt === null ? [] : ['At ', { at: message.readAt }, '.'], ['Nothing.'])
    case 'retrying': return text(['The last attempt failed; a retry is scheduled.'],
      [error?.explanation ?? '', ' The next attempt is at ', { at: nextRetryAt }, '.'], [error?.remedy ?? 'Nothing: the retry is automatic.'])
    case 'unknown': return text(['It is unknown whether it arrived.'],
      ['It was sent and no response arrived. At ', { at: nextRetryAt }, ' the policy for unknown outcomes decides. ', error?.explanation ?? ''],
      [error?.remedy ?? 'Ask the customer.'])
    case 'failed': return text(['Failed; no automatic retry is left.'], [error?.explanation ?? ''], [error?.remedy ?? '', ' Then retry it here.'])
    case 'cancelled': return message.cancelledFor === 'opted-out'
      ? text(['Cancelled: this person opted out of marketing.'], ['The person opted out in WhatsApp or through you.'],
        ['Nothing: send this person only non-marketing messages.'])
      : text(['Cancelled before it was sent.'], ['A user cancelled it, or requested erasure of this person\'s data.'],
        ['If it still matters, ask the calling service to send it again.'])
    case 'expired': return text(['Expired before it could be sent.'],
      ['It waited for its full time to live. ', error?.explanation ?? ''], ['If it still matters, ask the calling service to send it again.'])
    default: return text([String(status)], [], [])
  }
}

function explainWait ({ waitingFor, expectedAt, position }, sender, stop, text) {
  const place = position > 1 ? [` It is number ${position} in this person's queue.`] : []
  if (waitingFor === 'pause') {
    const by = sender?.reason ? ` by ${sender.reason}` : ''
    const end = sender?.resumesAt ? ['The sender resumes at ', { at: sender.resumesAt }, '.'] : ['Resume the sender to send it.']
    return text(['Queued: its sender is paused.'], [`The sender was paused${by}.`, ...place], end)
  }
  if (waitingFor === 'sender-stopped') {
    return text(['Queued: WhatsApp rejects all messages of its sender.'], [stop?.explanation ?? '', ...place], [stop?.remedy ?? 'Open the sender.'])
  }
  const earliest = expectedAt === null || expectedAt === undefined ? [] : [' Earliest send time: ', { at: expectedAt }, '.']
  return text(['Queued.'], [`Reason: ${waitReason(waitingFor, sender?.rules)}.`, ...place, ...earliest], ['Nothing: it is sent automatically.'])
}
