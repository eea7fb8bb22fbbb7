import type { CodeRow } from './code-row.js'
import { localCodes, metaCodes } from './codes.js'

/** What is done with each code, and what it means: the code table, with what the operator has put over it. */
export interface Policy {
  /**
   * The row of a code, by its own name first, then by the range or class that it belongs to.
   * `HTTP_502` is found as `HTTP_5XX`, `131205` as `131201-131215`.
   */
  find: (code: string) => CodeRow | undefined
  /** As `find`; what nobody knows counts as an answer that says nothing, and so leaves the outcome open. */
  rowOf: (code: string) => CodeRow
  /** What a code means and what to do about it, in plain words; for a code that nobody knows yet, where to look. */
  explain: (code: string) => { title: string, explanation: string, remedy: string }
  /** The name under which a code is counted: that of its row, or `other`, so that nothing WhatsApp says makes new names. */
  nameOf: (code: string) => string
  /** Puts other rows over the table, in place of those put before. */
  apply: (overrides: readonly CodeRow[]) => void
}

/** The table with these rows over it. */
export function createPolicy (overrides: readonly CodeRow[] = []): Policy {
  let table = createTable(overrides)
  const find: Policy['find'] = code => table(code)
  return {
    find,
    rowOf: code => find(code) ?? find('BAD_ANSWER') as CodeRow,
    explain (code) {
      const { title, explanation, remedy } = find(code) ?? {
        title: `Code ${code}`,
        explanation: 'Meta answered with a code that this gateway does not know; its own words are in the error text.',
        remedy: 'Look the code up in Meta\'s page "Error codes" of the WhatsApp Cloud API.'
      }
      return { title, explanation, remedy }
    },
    nameOf: code => find(code)?.code ?? 'other',
    apply (next) { table = createTable(next) }
  }
}

function createTable (overrides: readonly CodeRow[]): Policy['find'] {
  const all = [...metaCodes, ...localCodes, ...overrides]
  const byCode = new Map(all.map(row => [row.code, row]))
  const ranges = [...byCode.values()].flatMap(row => {
    const [first, last] = row.code.split('-')
    return last === undefined ? [] : [{ first: Number(first), last: Number(last), row }]
  })
  return code => {
    const number = Number(code)
    return byCode.get(code) ??
      byCode.get(code.replace(/^(HTTP_\d)\d\d$/, '$1XX')) ??
      ranges.find(range => number >= range.first && number <= range.last)?.row
  }
}

/** The table as it is. */
export const standardPolicy = createPolicy()
