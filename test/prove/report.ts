/** The result as a table for people. */
import { breaches, type Figures } from './judge.js'
import { sentences } from './model.js'
import type { Soaked } from './soak.js'

const titles: Record<keyof Figures, string> = {
  messages: 'messages posted',
  arrivals: 'requests at the provider',
  sent: 'sent',
  failed: 'failed, and reported as failed',
  cancelled: 'cancelled',
  expired: 'expired, and reported as expired',
  unpromised: 'posts without a conclusive response',
  repeats: 'posts repeated after no response or 503',
  unknownAttempts: 'attempts of unknown outcome',
  doubledAsAllowed: 'sent twice after an unknown outcome, as the policy allows',
  closerByFreeze: 'written too close: frozen between the last clock check and the write',
  closerByStall: 'written too close: delayed there by a busy machine',
  arrivedCloser: 'arrived closer than the interval by more than 50 ms',
  leastSpacingMs: 'least spacing at the provider, ms',
  mostInSecond: 'most arrivals in a second, all senders',
  mostStartedInSecond: 'most starts of one sender in a second',
  statuses: 'webhook statuses taken',
  callbacks: 'callbacks accepted by the receiver',
  operations: "operators' actions",
  lostByRedis: 'messages of which Redis lost writes',
  excusedByRedis: 'violations that these losses explain',
  longestSilenceMs: 'longest silence at the provider, ms'
}

type Reported = Pick<Soaked, 'judgement' | 'faults' | 'seconds' | 'settledInSeconds'>

export function table ({ judgement: { figures, found, bySentence }, faults, seconds, settledInSeconds }: Reported): string {
  const lines = [
    ...Object.entries(titles).map(([name, title]) => row(title, figures[name as keyof Figures])),
    row('settled after the last fault, s', settledInSeconds),
    row('duration, s', seconds),
    '', 'faults', ...[...faults].sort().map(([kind, count]) => row(kind, count)),
    '', 'must be 0', ...breaches.map(breach => row(breach, found.get(breach)?.length ?? 0))
  ]
  for (const [sentence, list] of [...bySentence].sort(([a], [b]) => a - b)) {
    lines.push('', `  sentence ${sentence}, ${sentences[sentence]}: ${list.length}`)
    for (const what of list.slice(0, 10)) lines.push(`    ${what}`)
  }
  return lines.join('\n')
}

function row (title: string, value: number): string {
  return `${title.padEnd(70, ' ')} ${Number.isInteger(value) ? value : value.toFixed(1)}`
}
