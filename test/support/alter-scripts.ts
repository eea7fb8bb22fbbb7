import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { loadScripts, type Script } from '../../src/redis/scripts.js'

const shaOf = (lua: string): string => createHash('sha1').update(lua).digest('hex')

/**
 * Makes a client, or the prototype of all clients, run altered scripts in place of the gateway's own: `alter` returns the new text, or the
 * same text for a script that stays. Returns a function that undoes it.
 */
export function alterScripts (client: Redis, alter: (script: Script) => string): () => void {
  const { eval: runText, evalsha: runSha } = client
  const altered = new Map<unknown, string>()
  for (const script of loadScripts()) {
    const lua = alter(script)
    if (lua === script.lua) continue
    altered.set(script.lua, lua)
    altered.set(shaOf(script.lua), shaOf(lua))
  }
  const replace = (run: unknown) => async function (this: Redis, first: unknown, ...rest: unknown[]): Promise<unknown> {
    return await (run as (...args: unknown[]) => Promise<unknown>).call(this, altered.get(first) ?? first, ...rest)
  }
  Object.assign(client, { eval: replace(runText), evalsha: replace(runSha) })
  return () => { Object.assign(client, { eval: runText, evalsha: runSha }) }
}
