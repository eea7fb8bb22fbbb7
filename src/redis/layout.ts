import { SluiceError } from '../errors.js'
import type { Client } from './client.js'
import { globalKey } from './keys.js'

/**
 * Version of the data layout that this code reads and writes; lua/README.md describes it. It increases where older code would misread or
 * damage the data of newer code. A new key or field that older code ignores is no reason. See docs/upgrading.md.
 */
export const LAYOUT = 2

/** Claims the layout before anything else is written. Throws LAYOUT_NEWER, and has written nothing, on data of a newer layout. */
export async function claimLayout (redis: Client, prefix: string): Promise<void> {
  const found = await noteLayout(redis, prefix)
  if (found <= LAYOUT) return
  const advice = 'start the version that wrote it, or a newer one (docs/upgrading.md)'
  throw new SluiceError('LAYOUT_NEWER', { detail: `the data in Redis has layout ${found}, and this version knows ${LAYOUT}: ${advice}` })
}

/** Writes the layout where none or an older one is stored, and returns the stored one. Repeated, since Redis may be emptied. */
export async function noteLayout (redis: Client, prefix: string): Promise<number> {
  const key = globalKey(prefix, 'layout')
  const found = Number(await redis.set(key, LAYOUT, 'NX', 'GET') ?? LAYOUT)
  if (found < LAYOUT) await redis.set(key, LAYOUT)
  return found
}
