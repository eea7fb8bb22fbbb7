import { SluiceError } from '../errors.js'
import { findNearest } from '../values/nearest.js'

/** One wrong setting. `detail` is a sentence that names it and never contains a secret. */
export interface Problem { field: string, detail: string }

/** More problems than this are counted, not listed. */
const LISTED = 20

/** Collects what is wrong with the settings, so that a start reports all of it at once. */
export interface Problems {
  add: (field: string, detail: string) => void
  /** Whether something is wrong with one of these settings. Checks that compare it with others would only repeat that. */
  has: (...fields: string[]) => boolean
  /** The result of `read`; undefined where it throws CONFIG_INVALID, whose problems are added. */
  collect: <Value>(read: () => Value) => Value | undefined
  /** Throws CONFIG_INVALID with all problems, if there are any. They contain none of `secrets`: people paste values into the wrong setting. */
  throwAny: (secrets?: readonly string[]) => void
}

export function createProblems (): Problems {
  const found: Problem[] = []
  return {
    add (field, detail) { found.push({ field, detail }) },
    has: (...fields) => found.some(({ field }) => fields.includes(field)),
    collect (read) {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof SluiceError) || error.code !== 'CONFIG_INVALID') throw error
        found.push(...problemsOf(error))
        return undefined
      }
    },
    throwAny (secrets = []) {
      for (const problem of found) problem.detail = hide(problem.detail, secrets)
      const [first] = found
      if (first === undefined) return
      const rest = found.length > LISTED ? [`and ${found.length - LISTED} more`] : []
      const lines = [`${found.length} settings are wrong:`, ...found.slice(0, LISTED).map(({ detail }) => detail), ...rest]
      throw new SluiceError('CONFIG_INVALID', {
        detail: found.length === 1 ? first.detail : lines.join('\n  '), field: first.field, extra: { problems: found.slice(0, LISTED) }
      })
    }
  }
}

function hide (text: string, secrets: readonly string[]): string {
  const bare = text.replace(/EAA\w{6,}|whsec_[\w+/=]{6,}/g, '(hidden)')
  return secrets.filter(secret => secret.length >= 8).reduce((rest, secret) => rest.replaceAll(secret, '(hidden)'), bare)
}

/** What a CONFIG_INVALID is about. */
export function problemsOf ({ message, facts }: SluiceError): Problem[] {
  const listed = facts.extra?.['problems']
  return Array.isArray(listed) ? listed as Problem[] : [{ field: facts.field ?? '', detail: message }]
}

/** The setting or word that was probably meant. Strict: a machine has many variables of other programs. */
export function findSimilar (name: string, names: readonly string[]): string | null {
  return findNearest(name, names, length => length < 5 ? 1 : Math.max(2, Math.floor(length / 5)))
}

/** `; did you mean <name>?`, or nothing. */
export function didYouMean (name: string, names: readonly string[]): string {
  const similar = findSimilar(name, names)
  return similar === null ? '' : `; did you mean ${similar}?`
}

/** A value for an error. One that may be a token, a key or a password is hidden: more than 16 characters that are not numbers and units. */
export function showValue (value: string): string {
  return value.length <= 16 || /^(\d+[\s,.;]*[a-z]{0,4}[\s,.;]*)*$/.test(value) ? JSON.stringify(value) : '(hidden)'
}
