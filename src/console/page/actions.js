import { call, forEachLimited, post } from './api.js'
import { confirm, noteField } from './confirm.js'
import { retried, explainError } from './words.js'

const path = (id, action) => `/failures/${encodeURIComponent(id)}/${action}`
/** Each retry waits for WhatsApp. More at once would only queue behind the sender's rate. */
const AT_ONCE = 4

const noteOf = ({ note }) => note.trim() === '' ? {} : { note: note.trim() }

/** Retries one failure. True where it was done. */
export async function retryOne (app, id) {
  const sure = await confirm({
    title: 'Retry this message now?',
    text: ['It obeys the same rate limits as a new message, so it may wait.'],
    action: 'Retry now'
  })
  if (sure === null) return false
  return await app.attempt(async () => {
    const counts = await post(path(id, 'retry'))
    app.notify(`Retried: ${countsText(counts)}.`, counts.permanentlyFailed > 0 ? 'bad' : 'good')
  })
}

export async function acknowledgeOne (app, id) {
  const sure = await confirm({
    title: 'Acknowledge this failure?',
    text: ['This records that you have seen it and removes it from the alert. Its retries continue.'],
    action: 'Acknowledge',
    fields: [noteField()]
  })
  if (sure === null) return false
  return await app.attempt(async () => {
    await post(path(id, 'acknowledge'), noteOf(sure))
    app.notify('Acknowledged.', 'good')
  })
}

export async function cancelOne (app, id) {
  const sure = await confirm({
    title: 'Cancel this message?',
    text: ['It will not be sent. This cannot be undone.'],
    action: 'Cancel the message',
    danger: true
  })
  if (sure === null) return false
  return await app.attempt(async () => {
    await call('DELETE', `/messages/${encodeURIComponent(id)}`)
    app.notify('Cancelled: it will not be sent.', 'good')
  })
}

/** Retries these failures after a confirmation and shows the counts per result. */
export async function retryAll (app, ids) {
  const sure = await confirm({
    title: `Retry ${ids.length} messages now?`,
    text: ['Each listed failure once, within the rate limits of its sender. WhatsApp rejects a message again until you fix the cause.'],
    action: `Retry ${ids.length} now`,
    danger: true
  })
  if (sure === null) return false
  const total = { succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 }
  await each(app, ids, 'Retrying', async id => {
    const counts = await post(path(id, 'retry'))
    for (const name of Object.keys(total)) total[name] += counts[name]
  }, () => countsText(total))
  return true
}

export async function acknowledgeAll (app, ids) {
  const sure = await confirm({
    title: `Acknowledge ${ids.length} failures?`,
    text: ['All listed failures that are not acknowledged yet.'],
    action: `Acknowledge ${ids.length}`,
    fields: [noteField()]
  })
  if (sure === null) return false
  let done = 0
  await each(app, ids, 'Acknowledging', async id => {
    await post(path(id, 'acknowledge'), noteOf(sure))
    done++
  }, () => `${done} acknowledged`)
  return true
}

/** Skips failures that are gone. Stops at the first error that concerns the node and not one message. */
async function each (app, ids, verb, work, sum) {
  let at = 0
  let gone = 0
  let stoppedBy = ''
  await forEachLimited(ids, AT_ONCE, async id => {
    try {
      await work(id)
    } catch (error) {
      if (error.status !== 404 && error.status !== 409) {
        stoppedBy = explainError(error).join(' ')
        return false
      }
      gone++
    }
    app.notify(`${verb} ${++at} of ${ids.length}…`, 'wait')
  })
  const left = gone === 0 ? '' : `; ${gone} were no longer failures`
  app.notify(`${sum()}${left}.${stoppedBy === '' ? '' : ` Stopped early: ${stoppedBy}`}`, stoppedBy === '' ? 'good' : 'bad')
}

function countsText (counts) {
  const parts = Object.keys(retried).filter(name => counts[name] > 0).map(name => `${counts[name]} ${retried[name]}`)
  return parts.length === 0 ? 'nothing was retried' : parts.join(', ')
}
