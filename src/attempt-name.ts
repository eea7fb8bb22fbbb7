import type { Grant } from './message.js'

/** The name that an attempt has at Meta, in `biz_opaque_callback_data`: `<message id>.<attempt>`. */
export function formatAttemptName ({ id, attempt }: Pick<Grant, 'id' | 'attempt'>): string {
  return `${id}.${attempt}`
}

/** Message and attempt of a name that `formatAttemptName` made; null for `biz_opaque_callback_data` of another system. */
export function parseAttemptName (text: string): { id: string, attempt: number } | null {
  const [, id = '', attempt = ''] = /^([A-Za-z0-9_-]{22}\.[0-9a-f]{8,14})\.(\d{1,6})$/.exec(text) ?? []
  return id === '' ? null : { id, attempt: Number(attempt) }
}
