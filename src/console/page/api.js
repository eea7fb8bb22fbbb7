const STORAGE_KEY = 'sluice-key'
/** A retry waits for WhatsApp's response. */
const TIMEOUT_MS = 30_000

/** The API key of this tab. It is sent to this origin only. */
export const key = {
  get: () => sessionStorage.getItem(STORAGE_KEY) ?? '',
  set: value => sessionStorage.setItem(STORAGE_KEY, value),
  forget: () => sessionStorage.removeItem(STORAGE_KEY)
}

/** An error response; `status` is 0 where there was no response. */
export class ApiError extends Error {
  constructor (status, problem = {}) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`)
    Object.assign(this, { status, code: problem.code ?? '', title: problem.title ?? '', errors: problem.errors ?? [], requestId: problem.requestId })
  }
}

/** Attempts of a request, so that short overload stays invisible. */
const ATTEMPTS = 3

/** Calls the public API with the user's key. Repeats what changes nothing or was rejected unprocessed. Throws ApiError. */
export async function call (method, path, body) {
  const isRead = method === 'GET' || path.endsWith('/find')
  for (let attempt = 1; ; attempt++) {
    try {
      return await callOnce(method, path, body)
    } catch (error) {
      const isTransient = error.code === 'OVERLOADED' || (error.code === 'UNAVAILABLE' && isRead)
      if (!isTransient || attempt === ATTEMPTS) throw error
      await new Promise(resolve => setTimeout(resolve, attempt * 500))
    }
  }
}

async function callOnce (method, path, body) {
  const headers = { accept: 'application/json' }
  if (key.get() !== '') headers.authorization = `Bearer ${key.get()}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  let response, text
  try {
    response = await fetch(`../api/v1${path}`, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    text = await response.text()
  } catch {
    throw new ApiError(0)
  }
  const result = parse(text)
  if (!response.ok) throw new ApiError(response.status, result)
  return result
}

export const get = path => call('GET', path)
export const post = (path, body = {}) => call('POST', path, body)

/** A proxy between may respond with HTML. */
function parse (text) {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const known = new Map()

/** The meaning and remedy of a code: `{title, explanation, remedy}`. Cached. */
export async function explain (code) {
  if (!known.has(code)) known.set(code, await get(`/codes/${encodeURIComponent(code)}`))
  return known.get(code)
}

/** Runs `work` for each item with limited concurrency. Stops early where it returns false. */
export async function forEachLimited (items, limit, work) {
  const remaining = items.values()
  let isStopped = false
  await Promise.all(Array.from({ length: limit }, async () => {
    for (const item of remaining) {
      if (isStopped) return
      if (await work(item) === false) isStopped = true
    }
  }))
}
