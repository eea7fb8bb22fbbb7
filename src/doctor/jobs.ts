import type { Job } from 'bullmq'
import type { Area, DoctorDeps, Candidate } from './area.js'
import { ask } from './area.js'

const PAGE = 200
const WAITING = ['wait', 'prioritized', 'delayed'] as const

/** Drain jobs that wait, the oldest first, page by page. */
async function * pagesOfJobs (deps: DoctorDeps): AsyncGenerator<Job[]> {
  for (const state of WAITING) {
    for (let from = 0; ; from += PAGE) {
      const found = await ask(deps, async () => await deps.drainQueue.getJobs([state], from, from + PAGE - 1, true)) as Array<Job | undefined>
      if (found.length === 0) break
      deps.onChecked(found.length)
      yield found.filter(job => job !== undefined)
    }
  }
}

function senderOf (job: Job): string {
  const sender = (job.data as { sender?: unknown } | undefined)?.sender
  return typeof sender === 'string' ? sender : ''
}

async function checkJobs (deps: DoctorDeps): Promise<Candidate[]> {
  const jobsOf = new Map<string, Set<string>>()
  for await (const page of pagesOfJobs(deps)) {
    for (const job of page) jobsOf.set(senderOf(job), (jobsOf.get(senderOf(job)) ?? new Set()).add(job.id ?? ''))
  }
  return [...jobsOf].filter(([, ids]) => ids.size > 1)
    .map(([sender, ids]) => ({ area: 'jobs', kind: 'excess-drain-jobs', sender: '', target: sender, detail: `${ids.size} jobs` }))
}

/** BullMQ's drain jobs: a second one of a sender that waits has nothing to do. */
export const jobs: Area = {
  async * search (deps, sender) { if (sender === '') yield await checkJobs(deps) },
  async recheck (deps, _, candidates) {
    const found = await checkJobs(deps)
    return candidates.filter(candidate => found.some(({ target }) => target === candidate.target))
  },
  async repair (deps, { target }) {
    const seen = new Set<string>()
    const excess: Job[] = []
    for await (const page of pagesOfJobs(deps)) {
      for (const job of page.filter(one => senderOf(one) === target && !seen.has(one.id ?? ''))) {
        if (seen.size > 0) excess.push(job)
        seen.add(job.id ?? '')
      }
    }
    // BullMQ removes a job by one script, and refuses where a worker has taken it.
    const removed = await Promise.all(excess.map(async job => await job.remove().then(() => 1, () => 0)))
    return { status: removed.some(removals => removals === 1) ? 'repaired' : 'gone' }
  }
}
