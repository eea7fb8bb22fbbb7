import { hash, timingSafeEqual } from 'node:crypto'
import type { ApiKey, Role } from '../config.js'

export interface Caller { name: string, role: Role }

/** Who may use this key; undefined where nobody does. */
export type FindKey = (given: string) => Caller | undefined

/** Compares hashes of equal length, and every key each time, so that the time tells nothing. */
export function createFindKey (keys: ApiKey[]): FindKey {
  const known = keys.map(({ name, role, key }) => ({ caller: { name, role }, hashed: hash('sha256', key, 'buffer') }))
  return given => {
    const hashed = hash('sha256', given, 'buffer')
    return known.filter(entry => timingSafeEqual(entry.hashed, hashed))[0]?.caller
  }
}
