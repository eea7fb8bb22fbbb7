import type { Client } from './client.js'
import { serversOf } from './client.js'

/** Keys that one call looks at, about: a millisecond of Redis. */
const PAGE = 1000

/** The keys that fit a pattern, of all servers, a page at a time; one that stands all the while is told at least once. */
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
