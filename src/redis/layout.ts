import { SluiceError } from '../errors.js'
import type { Client } from './client.js'
import { globalKey } from './keys.js'

/**
 * The layout of the data that this version reads and writes; lua/README.md describes it. It rises where an older version would misread or
 * harm what this one writes; a key or a field more that it leaves alone is no reason. docs/upgrading.md tells the rest.
 */
const LAYOUT = 2

/**
 * What a start does before it writes anything else. Throws LAYOUT_NEWER, and has written nothing, where a version with a newer layout
 * has been at work.
 */
export async function claimLayout (redis: Client, prefix: string): Promise<void> {
  const found = await noteLayout(redis, prefix)
  if (found > LAYOUT) throw new SluiceError('LAYOUT_NEWER', { detail: `the data in Redis has layout ${found}, and this version knows ${LAYOUT}: start the version that wrote it, or a newer one (docs/upgrading.md)` })
}

/** Writes the layout where none or an older one stands, and answers the one that stood there; again and again, since Redis may be emptied. */
export async function noteLayout (redis: Client, prefix: string): Promise<number> {
  const key = globalKey(prefix, 'layout')
  const found = Number(await redis.set(key, LAYOUT, 'NX', 'GET') ?? LAYOUT)
  if (found < LAYOUT) await redis.set(key, LAYOUT)
  return found
}
