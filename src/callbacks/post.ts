import { Pool } from 'undici'

/** What came of one try. `code`: `HTTP_<status>`, or why there was no answer. */
export type Posted = { status: 'taken', durationMs: number } | { status: 'refused', code: string, durationMs: number }

export interface Post {
  /** Posts once. Any 2xx takes it; redirects are not followed and what is answered is not read. Never rejects. */
  post: (headers: Record<string, string>, body: string) => Promise<Posted>
  close: () => Promise<void>
}

/** The receiver of callbacks. `withinMs`: from the start of a try to the head of its answer. */
export function createPost (url: string, { withinMs, connections }: { withinMs: number, connections: number }): Post {
  const { origin, pathname, search } = new URL(url)
  const pool = new Pool(origin, { connections, pipelining: 1, connect: { timeout: withinMs }, headersTimeout: withinMs, bodyTimeout: withinMs })
  return {
    async post (headers, body) {
      const startedAt = performance.now()
      const took = (): number => performance.now() - startedAt
      try {
        const answer = await pool.request({
          method: 'POST',
          path: pathname + search,
          headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'sluice' },
          body,
          signal: AbortSignal.timeout(withinMs)
        })
        // Read away, so that the connection can be used again; whatever happens on the way, the verdict has come.
        await answer.body.dump().catch(() => undefined)
        const { statusCode } = answer
        return statusCode >= 200 && statusCode < 300 ? { status: 'taken', durationMs: took() } : { status: 'refused', code: `HTTP_${statusCode}`, durationMs: took() }
      } catch (error) {
        return { status: 'refused', code: codeOf(error), durationMs: took() }
      }
    },
    async close () { await pool.destroy() }
  }
}

/** Short, and without anything that was sent or answered. */
function codeOf (error: unknown): string {
  const { code, name } = error as { code?: unknown, name?: unknown }
  if (name === 'TimeoutError') return 'TIMEOUT'
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : 'NO_ANSWER'
}
