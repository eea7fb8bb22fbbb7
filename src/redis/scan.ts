import type { Client } from './client.js'
import { serversOf } from './client.js'

/** Approximate number of keys that one SCAN call visits: a millisecond of Redis. */
const PAGE = 1000

/** The keys that match a pattern, on all servers, page by page. A key that exists throughout is returned at least once. */
export async function * scanKeys (redis: Client, pattern: string): AsyncGenerator<string[]> {
  for (const server of serversOf(redis)) {
    let cursor = '0'
    do {
      const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', PAGE)
      if (keys.length > 0) yield keys
      cursor = next
    } while (cursor !== '0')
  }
}
