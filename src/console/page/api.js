const KEPT_AS = 'sluice-key'
/** A retry waits for WhatsApp, which may take its time. */
const PATIENCE_MS = 30_000

/** The key lives as long as its tab, and is sent to this origin only. */
export const key = {
  get: () => sessionStorage.getItem(KEPT_AS) ?? '',
  set: value => sessionStorage.setItem(KEPT_AS, value),
  forget: () => sessionStorage.removeItem(KEPT_AS)
}

/** An answer that is none: `status` 0 where nobody answered. */
export class Trouble extends Error {
  constructor (status, problem = {}) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`)
    Object.assign(this, { status, code: problem.code ?? '', title: problem.title ?? '' })
  }
}

/** A moment's trouble is not worth a reader's while: asked so often. */
const TIMES = 3

/** Asks the public API with the reader's own key; what changes nothing, or was turned away untouched, again where the node asks for that. Throws Trouble. */
export async function ask (method, path, body) {
  const looks = method === 'GET' || path.endsWith('/find')
  for (let time = 1; ; time++) {
    try {
      return await askOnce(method, path, body)
    } catch (trouble) {
      const passes = trouble.code === 'OVERLOADED' || (trouble.code === 'UNAVAILABLE' && looks)
      if (!passes || time === TIMES) throw trouble
      await new Promise(resolve => setTimeout(resolve, time * 500))
    }
  }
}

async function askOnce (method, path, body) {
  const headers = { accept: 'application/json' }
  if (key.get() !== '') headers.authorization = `Bearer ${key.get()}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  let response, text
  try {
    response = await fetch(`../api/v1${path}`, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS)
    })
    text = await response.text()
  } catch {
    throw new Trouble(0)
  }
  const answer = parse(text)
  if (!response.ok) throw new Trouble(response.status, answer)
  return answer
}

export const get = path => ask('GET', path)
export const post = (path, body = {}) => ask('POST', path, body)

/** A proxy in between may answer in HTML. */
function parse (text) {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const known = new Map()

/** What a code means and what to do: `{title, explanation, remedy}`; asked for once. */
export async function explain (code) {
  if (!known.has(code)) known.set(code, await get(`/codes/${encodeURIComponent(code)}`))
  return known.get(code)
}

/** Runs `work` for each item, some at a time; ends early where it returns false. */
export async function inTurns (items, atOnce, work) {
  const rest = items.values()
  let goOn = true
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const item of rest) {
      if (!goOn) return
      if (await work(item) === false) goOn = false
    }
  }))
}
