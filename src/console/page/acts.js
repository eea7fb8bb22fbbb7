import { ask, inTurns, post } from './api.js'
import { confirm, noteField } from './confirm.js'
import { retried, troubleOf } from './words.js'

const path = (id, action) => `/failures/${encodeURIComponent(id)}/${action}`
/** Each retry may wait for WhatsApp; more at once would only queue at the sender's own pace. */
const AT_ONCE = 4

const noteOf = ({ note }) => note.trim() === '' ? {} : { note: note.trim() }

/** Retries one failure. True where it was done. */
export async function retryOne (app, id) {
  const sure = await confirm({ title: 'Retry this message now?', text: ['It goes through the same gate as a new one, so it may have to wait for its turn.'], action: 'Retry now' })
  if (sure === null) return false
  return await app.attempt(async () => {
    const counts = await post(path(id, 'retry'))
    app.tell(`Retried: ${sayCounts(counts)}.`, counts.permanentlyFailed > 0 ? 'bad' : 'good')
  })
}

export async function acknowledgeOne (app, id) {
  const sure = await confirm({ title: 'Acknowledge this failure?', text: ['It says that somebody has seen it, and takes it out of the alert. Its retries go on.'], action: 'Acknowledge', fields: [noteField()] })
  if (sure === null) return false
  return await app.attempt(async () => {
    await post(path(id, 'acknowledge'), noteOf(sure))
    app.tell('Acknowledged.', 'good')
  })
}

export async function cancelOne (app, id) {
  const sure = await confirm({ title: 'Cancel this message?', text: ['It will not be sent. This can not be undone.'], action: 'Cancel the message', danger: true })
  if (sure === null) return false
  return await app.attempt(async () => {
    await ask('DELETE', `/messages/${encodeURIComponent(id)}`)
    app.tell('Cancelled: it will not be sent.', 'good')
  })
}

/** Retries these failures after a question, and tells how many came to what. */
export async function retryAll (app, ids) {
  const sure = await confirm({
    title: `Retry ${ids.length} messages now?`,
    text: ['Those that are listed, each once, at the pace of their senders. What was refused for good will be refused again unless its cause is mended.'],
    action: `Retry ${ids.length} now`,
    danger: true
  })
  if (sure === null) return false
  const total = { succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 }
  await each(app, ids, 'Retrying', async id => {
    const counts = await post(path(id, 'retry'))
    for (const name of Object.keys(total)) total[name] += counts[name]
  }, () => sayCounts(total))
  return true
}

export async function acknowledgeAll (app, ids) {
  const sure = await confirm({ title: `Acknowledge ${ids.length} failures?`, text: ['Those that are listed and nobody has acknowledged.'], action: `Acknowledge ${ids.length}`, fields: [noteField()] })
  if (sure === null) return false
  let done = 0
  await each(app, ids, 'Acknowledging', async id => {
    await post(path(id, 'acknowledge'), noteOf(sure))
    done++
  }, () => `${done} acknowledged`)
  return true
}

/** Leaves out what is no failure any more; ends at the first answer that is about the node and not about one message. */
async function each (app, ids, verb, work, sum) {
  let at = 0
  let gone = 0
  let ended = ''
  await inTurns(ids, AT_ONCE, async id => {
    try {
      await work(id)
    } catch (trouble) {
      if (trouble.status !== 404 && trouble.status !== 409) {
        ended = troubleOf(trouble).join(' ')
        return false
      }
      gone++
    }
    app.tell(`${verb} ${++at} of ${ids.length}…`, 'wait')
  })
  const left = gone === 0 ? '' : `; ${gone} were no failures any more`
  app.tell(`${sum()}${left}.${ended === '' ? '' : ` Ended early: ${ended}`}`, ended === '' ? 'good' : 'bad')
}

function sayCounts (counts) {
  const parts = Object.keys(retried).filter(name => counts[name] > 0).map(name => `${counts[name]} ${retried[name]}`)
  return parts.length === 0 ? 'nothing was taken up' : parts.join(', ')
}
