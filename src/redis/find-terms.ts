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

/** Life of the index of one hour, seconds: its last entry can be looked up for `findMs`. */
export function indexLifeS (findMs: number): number {
  return Math.ceil(findMs / 1000) + 3600
}
