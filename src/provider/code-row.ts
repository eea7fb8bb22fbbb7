/** What Sluice does with a code, and how long that lasts. `unsent` and `unknown` belong to answers that did not come. */
export type CodeRule =
  | { outcome: 'unsent' | 'unknown' }
  /** `mostAttempts`: after so many it is FAILED, though the schedule has more; as many as that where it is left out. */
  | { outcome: 'retryable', mostAttempts?: number }
  /** Milliseconds that the pair rests; each further time in a row `growth` times as long, `mostMs` at most. */
  | { outcome: 'limited-pair', coolDownMs: number, growth: number, mostMs: number }
  /** Milliseconds that the whole sender rests. */
  | { outcome: 'limited-flow', coolDownMs: number }
  /** Milliseconds before which another try is pointless or even punished; `optsOut`: the recipient wants no more marketing. */
  | { outcome: 'rejected', retryNotBeforeMs?: number, optsOut?: boolean }
  /** Milliseconds between two tries of the stopped sender. */
  | { outcome: 'sender-stopped', probeMs: number }

/** One code, and what an operator wants to know when a customer has not got the message. */
export type CodeRow = CodeRule & {
  /** The code as an outcome carries it; `200-299` is a range, `100/33` a code with its subcode, `HTTP_5XX` a class. */
  code: string
  title: string
  /** Why the message is not there. */
  explanation: string
  /** What to do about it. */
  remedy: string
}

type Words = readonly [code: string, title: string, explanation: string, remedy: string]

/** Puts one rule to many codes, so that a table says it once. */
export function rows (rule: CodeRule, table: readonly Words[]): CodeRow[] {
  return table.map(([code, title, explanation, remedy]) => ({ code, title, explanation, remedy, ...rule }))
}
