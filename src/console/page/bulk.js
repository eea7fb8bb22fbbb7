/** Bulk jobs: the server does them, also without this page, which shows their progress and result. */
import { get, post } from './api.js'
import { job } from './app.js'
import { attempt, refresh } from './feed.js'
import { number } from './format.js'
import { t } from './i18n.js'

const ASK_MS = 500

/** The texts of an action: while it runs, and its result. */
const texts = {
  retry: ['job.retry', 'job.retried'], acknowledge: ['job.ack', 'job.acked'], cancel: ['job.cancel', 'job.cancelled'], move: ['job.move', 'job.moved']
}

/** Starts the job of `body`, and follows it. `total`: messages that are expected to match. */
export async function runJob (body, total, onDone) {
  if (job.get()?.isRunning === true) return
  await follow(async () => await post('/jobs', body), total)
  await refresh('causes')
  onDone?.()
}

/** The messages that `body` matches, counted by a job that changes nothing; undefined if it was stopped. */
export async function countJob (body) {
  const found = await follow(async () => await post('/jobs', { ...body, dryRun: true }), 0)
  return found?.state === 'completed' ? found.matched : undefined
}

/** Shows the progress of a job until it has ended, and then its result, except that of a count. Returns the job. */
export async function follow (start, total) {
  const ended = await attempt(async () => {
    let found = await start()
    const stop = () => { void attempt(async () => await post(`/jobs/${found.id}/stop`)) }
    const [running, result] = found.dryRun ? ['job.count'] : texts[found.action]
    const show = (isRunning, text) => {
      const [done, of] = found.dryRun ? [found.scanned, found.total] : [found.done, Math.max(total, found.matched)]
      job.set({ isRunning, goesOn: true, total: of, done, text: text(number(done), number(of)), stop })
    }
    while (found.finishedAt === null) {
      show(true, (done, of) => found.waitingFor === null ? t(running, { done, total: of }) : t('job.noWorker'))
      await new Promise(resolve => setTimeout(resolve, ASK_MS))
      found = await get(`/jobs/${found.id}`)
    }
    const left = found.left === 0 ? '' : t('job.left', { n: number(found.left) })
    const more = [left, found.state === 'completed' ? '' : t('job.stopped')].filter(Boolean)
    if (found.dryRun) job.set(null)
    else show(false, done => `${[t(result, { n: done }), ...more].join('; ')}.`)
    return found
  })
  // The error is shown. The job goes on without the page.
  if (ended === undefined) job.set(null)
  return ended
}
