import { hash, timingSafeEqual } from 'node:crypto'
import type { ApiKey, Role } from '../config.js'

export interface Caller { name: string, role: Role }

/** The caller with this API key; undefined for an unknown key. */
export type FindKey = (key: string) => Caller | undefined

/** Compares hashes of equal length, and with every key each time, so that response times reveal nothing about a key. */
export function createFindKey (keys: ApiKey[]): FindKey {
  const known = keys.map(({ name, role, key }) => ({ caller: { name, role }, hashed: hash('sha256', key, 'buffer') }))
  return key => {
    const hashed = hash('sha256', key, 'buffer')
    return known.filter(entry => timingSafeEqual(entry.hashed, hashed))[0]?.caller
  }
}
