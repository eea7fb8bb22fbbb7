import { hash } from 'node:crypto'

/** An index term of a message. Only a hash is stored: 11 characters, 66 bits. */
export function findTerm (kind: 'recipient' | 'provider' | 'tag', value: string): string {
  return hash('sha256', `${kind} ${value}`, 'base64url').slice(0, 11)
}

/** Tags indexed per message. */
const MAX_TAGS = 8

/** The terms of a new message: its recipient, and each plain value of its metadata as `key:value`. */
export function findTerms (recipient: string, metadata: Record<string, unknown> | undefined): string {
  const tags = Object.entries(metadata ?? {})
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .slice(0, MAX_TAGS)
    .map(([key, value]) => findTerm('tag', `${key}:${String(value)}`))
  return [findTerm('recipient', recipient), ...tags].join(' ')
}

/** The place of a message among those with one term, `<generation>.<digest>`: in the order of text, that is the order of admission. */
export function positionOf (id: string): string {
  const at = id.lastIndexOf('.')
  return `${id.slice(at + 1)}.${id.slice(0, at)}`
}

/** The entry of the index that finds a message by a term. */
export function indexEntry (term: string, id: string): string {
  return `${term}:${positionOf(id)}`
}

/** Life of the index of one hour, seconds: its last entry can be looked up for `findMs`. */
export function indexLifeS (findMs: number): number {
  return Math.ceil(findMs / 1000) + 3600
}
