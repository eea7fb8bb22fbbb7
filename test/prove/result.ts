/** The result of a long run as docs/proof.md shows it. */
import { fileURLToPath } from 'node:url'
import { writeBlock } from '../bench/kit/write.mjs'
import { breaches, isSpotless, type Figures } from './judge.js'
import type { Soaked } from './soak.js'

/** A run shown there must be long enough for rare events, with enough messages for meaningful figures. */
const LEAST_SECONDS = 1800
const LEAST_MESSAGES = 100_000
const page = fileURLToPath(new URL('../../docs/proof.md', import.meta.url))
const BESIDE: Array<[figure: keyof Figures, what: string]> = [
  ['unknownAttempts', 'attempts of unknown outcome'],
  ['doubledAsAllowed', 'messages sent twice after one, as `retry` allows'],
  ['closerByFreeze', 'written too close because the process froze between its last clock check and its write'],
  ['closerByStall', 'written too close because it was delayed there'],
  ['arrivedCloser', 'closer than the interval by more than 50 ms at the provider, but not when they were written']
]
/** Two kinds of fault per row. */
const FAULTS_PER_ROW = 2

/** Why the page cannot show this run; null if it can. */
export function whyNotShown ({ judgement, seconds }: Soaked): string | null {
  if (!isSpotless(judgement)) return 'a promise was broken'
  if (seconds < LEAST_SECONDS) return `it took ${Math.round(seconds)} s, fewer than ${LEAST_SECONDS}`
  const { messages } = judgement.figures
  return messages < LEAST_MESSAGES ? `it had ${messages} messages, fewer than ${LEAST_MESSAGES}` : null
}

export function writeResult (soaked: Soaked, command: string): void {
  writeBlock(page, 'soak', resultOf(soaked, command))
}

/** The results and the command to repeat the run, in Markdown. */
export function resultOf ({ judgement: { figures, found }, faults, seconds, on, fsync }: Soaked, command: string): string {
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0)
  const beside = BESIDE.map(([figure, what]) => `* ${whole(figures[figure])} ${what}`)
  const kinds = [...faults].sort(([a], [b]) => (a < b ? -1 : 1))
  const rows = Array.from({ length: Math.ceil(kinds.length / FAULTS_PER_ROW) }, (_, row) =>
    kinds.slice(row * FAULTS_PER_ROW, (row + 1) * FAULTS_PER_ROW)
  )
  return [
    `\`${command}\`: ${whole(seconds)} s, ${whole(figures.arrivals)} requests at the provider, ${whole(total)} faults.`,
    `Redis (${on}) writes with \`appendfsync ${fsync}\`, and is killed too. ${whole(figures.statuses)} webhook statuses, ` +
      `${whole(figures.callbacks)} callbacks, ${whole(figures.operations)} actions of operators.`,
    '',
    `| messages | ${breaches.join(' | ')} |`,
    `|---|${breaches.map(() => '---|').join('')}`,
    `| ${whole(figures.messages)} | ${breaches.map(breach => whole(found.get(breach)?.length ?? 0)).join(' | ')} |`,
    '',
    'These break no promise:',
    '',
    ...beside,
    '',
    `|${' fault | times |'.repeat(FAULTS_PER_ROW)}`,
    `|${'---|---|'.repeat(FAULTS_PER_ROW)}`,
    ...rows.map(row => {
      const cells = Array.from({ length: FAULTS_PER_ROW }, (_, i) => ` ${row[i]?.[0] ?? ''} | ${row[i] === undefined ? '' : whole(row[i][1])} |`)
      return `|${cells.join('')}`
    })
  ].join('\n')
}

function whole (value: number): string {
  return Math.round(value).toLocaleString('en')
}
