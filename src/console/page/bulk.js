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

/** Shows the progress of a job until it has ended, and then its result. */
export async function follow (start, total) {
  const isShown = await attempt(async () => {
    let found = await start()
    const stop = () => { void attempt(async () => await post(`/jobs/${found.id}/stop`)) }
    const [running, result] = texts[found.action]
    const show = (isRunning, text) =>
      job.set({ isRunning, goesOn: true, total: Math.max(total, found.matched), done: found.done, text, stop })
    while (found.finishedAt === null) {
      const progress = t(running, { done: number(found.done), total: number(Math.max(total, found.matched)) })
      show(true, found.waitingFor === null ? progress : t('job.noWorker'))
      await new Promise(resolve => setTimeout(resolve, ASK_MS))
      found = await get(`/jobs/${found.id}`)
    }
    const left = found.left === 0 ? '' : t('job.left', { n: number(found.left) })
    const more = [left, found.state === 'completed' ? '' : t('job.stopped')].filter(Boolean)
    show(false, `${[t(result, { n: number(found.done) }), ...more].join('; ')}.`)
    return true
  })
  // The error is shown. The job goes on without the page.
  if (isShown !== true) job.set(null)
}
