/** What an admin key may do: each asks first, then calls the API, and says what came of it. */
import { call, post } from './api.js'
import { ask, job, say } from './app.js'
import { runJob } from './bulk.js'
import { noteField } from './dialog.js'
import { attempt, refresh } from './feed.js'
import { number } from './format.js'
import { t, tn } from './i18n.js'

const path = (id, action) => `/failures/${encodeURIComponent(id)}/${action}`
/** Each retry waits for WhatsApp. More at once would only queue behind the sender's rate. */
const AT_ONCE = 4
const results = ['succeeded', 'failed', 'permanentlyFailed', 'deferred']

const noteOf = ({ note = '' }) => note.trim() === '' ? {} : { note: note.trim() }

/** Retries one failure; true where it was done. `final`: the same content will fail again. */
export async function retryOne (id, { final = false } = {}) {
  const sure = await ask({
    title: t('retry.title'),
    text: [t('retry.text')],
    note: final ? t('retry.final') : undefined,
    action: t(final ? 'retry.goSame' : 'retry.go')
  })
  if (sure === null) return false
  return await attempt(async () => {
    const counts = await post(path(id, 'retry'))
    say(t('done.retried', { counts: countsText(counts) }))
    await refresh('causes')
    return true
  }) === true
}

export async function acknowledgeOne (id) {
  const sure = await ask({ title: t('ack.title'), text: [t('ack.text')], action: t('ack.go'), fields: noteField() })
  if (sure === null) return false
  return await attempt(async () => {
    await post(path(id, 'acknowledge'), noteOf(sure))
    say(t('done.acknowledged'))
    await refresh('causes')
    return true
  }) === true
}

export async function cancelOne (id) {
  const sure = await ask({ title: t('cancel.title'), text: [t('cancel.text')], action: t('cancel.go'), tone: 'danger' })
  if (sure === null) return false
  return await attempt(async () => {
    await call('DELETE', `/messages/${encodeURIComponent(id)}`)
    say(t('done.cancelled'))
    return true
  }) === true
}

/** `cause`: `{filter, count, code, isFinal}`; `ids`: only these of it, or null for all, also those that are not loaded. */
export async function retryMany ({ filter, count, code, isFinal }, ids, onDone) {
  const total = ids === null ? count : ids.length
  const sure = await ask({
    title: tn('retry.titles', total),
    text: [t('retry.text')],
    note: isFinal ? tn('retry.finals', total, { code }) : undefined,
    action: t(isFinal ? 'retry.goSame' : 'retry.goAll', { n: number(total) }),
    tone: isFinal ? 'danger' : undefined
  })
  if (sure === null) return
  if (ids === null) return await runJob({ action: 'retry', filter: bulkFilterOf(filter) }, total, onDone)
  const counts = { succeeded: 0, failed: 0, permanentlyFailed: 0, deferred: 0 }
  await run({ total, key: 'job.retry', result: () => countsText(counts), onDone }, each(ids, async id => {
    const one = await post(path(id, 'retry'))
    for (const name of results) counts[name] += one[name]
  }))
}

export async function acknowledgeMany ({ filter, count }, ids, onDone) {
  const total = ids === null ? count : ids.length
  const sure = await ask({ title: tn('ack.titles', total), text: [t('ack.text')], action: t('ack.goAll', { n: number(total) }), fields: noteField() })
  if (sure === null) return
  if (ids === null) return await runJob({ action: 'acknowledge', filter: bulkFilterOf(filter), ...noteOf(sure) }, total, onDone)
  let done = 0
  await run({ total, key: 'job.ack', result: () => t('job.acked', { n: number(done) }), onDone }, each(ids, async id => {
    await post(path(id, 'acknowledge'), noteOf(sure))
    done++
  }))
}

/** The filter of a list of failures as a bulk job has it. */
function bulkFilterOf ({ status, ...filter }) {
  return { ...filter, state: status === 'PENDING' ? 'retrying' : 'failed' }
}

/** Runs a job with its progress; one at a time. `work` gets `step`, which is false once it was stopped. */
async function run ({ total, key, result, onDone }, work) {
  if (job.get()?.isRunning === true) return
  let done = 0
  let gone = 0
  let isStopped = false
  const stop = () => { isStopped = true }
  const show = () => job.set({ isRunning: true, total, done, text: t(key, { done: number(done), total: number(total) }), stop })
  window.addEventListener('beforeunload', warn)
  show()
  const isDone = await attempt(async () => {
    await work(isGone => {
      if (isGone === true) gone++
      else done += typeof isGone === 'number' ? isGone : 0
      show()
      return !isStopped
    })
    return true
  })
  window.removeEventListener('beforeunload', warn)
  const more = [gone === 0 ? '' : t('job.gone', { n: number(gone) }), isDone !== true || isStopped ? t('job.stopped') : ''].filter(Boolean)
  job.set({ isRunning: false, total, done, text: `${[result(), ...more].join('; ')}.`, stop })
  await refresh('causes')
  onDone?.()
}

function warn (event) {
  event.preventDefault()
}

/** Runs `one` for each id, some at once. Skips failures that are gone; any other error ends it. */
function each (ids, one) {
  return async step => {
    const source = ids.values()
    let isOver = false
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (!isOver) {
        const next = source.next()
        if (next.done) return
        try {
          await one(next.value)
          if (!step(1)) isOver = true
        } catch (error) {
          if (error.status !== 404 && error.status !== 409) {
            isOver = true
            throw error
          }
          if (!step(true)) isOver = true
        }
      }
    }))
  }
}

function countsText (counts) {
  const parts = results.filter(name => counts[name] > 0).map(name => t(`result.${name}`, { n: number(counts[name]) }))
  return parts.length === 0 ? t('result.nothing') : parts.join(', ')
}
