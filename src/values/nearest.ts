import { closest, distance } from 'fastest-levenshtein'

/** A longer name is no typing error, and would cost much. */
const MAX_LENGTH = 100

/** Without case, spaces and punctuation: `scheduled_for` and `ScheduledFor` are `scheduledfor`. */
export function plainName (name: string): string {
  return name.slice(0, MAX_LENGTH + 1).toLowerCase().replace(/[^a-z0-9]/g, '')
}

/**
 * The name that was probably meant: the nearest one, if so few letters of it differ as `most` allows for a name of its length; null if none is so
 * near. Case, spaces and punctuation do not count.
 */
export function findNearest (written: string, names: readonly string[], most: (length: number) => number): string | null {
  const plain = plainName(written)
  if (plain === '' || plain.length > MAX_LENGTH || names.length === 0) return null
  const best = closest(plain, names.map(plainName))
  return distance(plain, best) > most(best.length) ? null : names.find(name => plainName(name) === best) ?? null
}
