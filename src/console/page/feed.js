/** Data that several views show and that stays current: read again every few seconds while a component uses it and the page is visible. */
import { ApiError, get } from './api.js'
import { createStore, useEffect, useStore } from './ui.js'

/** `again`: what "Try again" does. Null while all is well. */
export const problem = createStore(null)
/** Called where the key is not valid any more. */
export const session = { onRefused: () => {} }

export function midnight (now = new Date()) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate())
}

const feeds = {
  senders: { ms: 3000, path: () => '/senders' },
  activity: { ms: 5000, path: () => `/activity?since=${midnight().toISOString()}` },
  latest: { ms: 3000, path: () => '/messages?limit=50' },
  causes: { ms: 5000, path: () => '/failures/summary' },
  callers: { ms: 3000, path: () => '/callers' },
  campaigns: { ms: 3000, path: () => '/campaigns' },
  worker: { ms: 10_000, path: () => '/workers/retry' }
}
for (const feed of Object.values(feeds)) Object.assign(feed, { store: createStore(null), users: 0, timer: undefined, reading: null })

/** Reads a feed now. Requests that overlap share the response. */
export async function refresh (name) {
  const feed = feeds[name]
  feed.reading ??= read(feed).finally(() => { feed.reading = null })
  return await feed.reading
}

async function read (feed) {
  try {
    const data = await get(feed.path())
    feed.store.set({ ...data, readAt: Date.now() })
    if (problem.get()?.feed === true) problem.set(null)
  } catch (error) {
    report(error, true)
  }
}

/** Shows an error at the top of the page; what the page shows stays. */
export function report (error, feed = false) {
  if (!(error instanceof ApiError)) throw error
  if (error.status === 401) return session.onRefused(error)
  problem.set({ error, feed })
}

/** Whether the error that is shown is a gateway without a response, or one that cannot work now. */
export const isAway = () => [0, 502, 503, 504].includes(problem.get()?.error.status)

/** Runs `work`; its error is shown, and the result is then undefined. */
export async function attempt (work) {
  try {
    const result = await work()
    if (problem.get()?.feed === false) problem.set(null)
    return result
  } catch (error) {
    report(error)
    return undefined
  }
}

/** The data of a feed, null until it was read. */
export function useFeed (name) {
  const feed = feeds[name]
  useEffect(() => {
    if (feed.users++ === 0) {
      void refresh(name)
      feed.timer = setInterval(() => { if (!document.hidden) void refresh(name) }, feed.ms)
    }
    return () => { if (--feed.users === 0) clearInterval(feed.timer) }
  }, [name])
  return useStore(feed.store)
}

export const peek = name => feeds[name].store.get()

/** Forgets all data before another user signs in. */
export function forgetFeeds () {
  for (const feed of Object.values(feeds)) feed.store.set(null)
}

/** Runs `work` every `ms` while the component is shown and the page is visible. */
export function useEvery (ms, work, deps = []) {
  useEffect(() => {
    let isBusy = false
    const timer = setInterval(async () => {
      if (isBusy || document.hidden) return
      isBusy = true
      await work()
      isBusy = false
    }, ms)
    return () => clearInterval(timer)
  }, deps)
}
