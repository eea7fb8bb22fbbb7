import type { StopScope, TemplateProblem } from '../message.js'

/** How Sluice handles a code. `unsent` and `unknown` are for requests without a response. */
export type CodeRule =
  | { outcome: 'unsent' | 'unknown', outage?: boolean }
  /** `mostAttempts` ends the retries early; without it the retry schedule applies. `outage`: WhatsApp's fault, so it counts for the circuit. */
  | { outcome: 'retryable', mostAttempts?: number, outage?: boolean }
  /** Cool-down of the pair in ms; each further one in a row is `growth` times as long, `mostMs` at most. */
  | { outcome: 'limited-pair', coolDownMs: number, growth: number, mostMs: number }
  /** Cool-down of the whole sender in ms. `slows`: the sender has met its limit of messages per second, and its rate is reduced. */
  | { outcome: 'limited-flow', coolDownMs: number, slows?: boolean }
  /**
   * `retryNotBeforeMs`: Meta may penalize an earlier retry. `optsOut`: the recipient refuses marketing. `template`: what it says of the template;
   * where the statuses of templates are read, the message waits instead, if that can help. `window`: the recipient's window is closed.
   */
  | {
    outcome: 'rejected',
    retryNotBeforeMs?: number,
    optsOut?: boolean,
    template?: TemplateProblem,
    window?: boolean
    /** Where a webhook reports it of a template: no template of the account is sent; interval between two probes, in ms. */
    stopsTemplatesMs?: number
  }
  /** Interval between two probes of the stopped sender, in ms. `scope`: where the message is of a template, it stops less than the sender. */
  | { outcome: 'sender-stopped', probeMs: number, scope?: StopScope }

/** One code, and what an operator needs to know when a message did not arrive. */
export type CodeRow = CodeRule & {
  /** The code of an outcome; `200-299` is a range, `100/33` a code with a subcode, `HTTP_5XX` a class. */
  code: string
  title: string
  /** Why the message did not arrive. */
  explanation: string
  /** What the operator does. */
  remedy: string
}

type Words = readonly [code: string, title: string, explanation: string, remedy: string]

/** Applies one rule to a table of codes. */
export function rows (rule: CodeRule, table: readonly Words[]): CodeRow[] {
  return table.map(([code, title, explanation, remedy]) => ({ code, title, explanation, remedy, ...rule }))
}
