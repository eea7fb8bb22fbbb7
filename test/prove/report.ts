/** The verdict as a table for people. */
import { breaches, type Figures } from './judge.js'
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
  closerByFreeze: 'too close: frozen between the last clock check and the write',
  closerByStall: 'too close: delayed there by a busy machine',
  closerByWire: 'too close: delayed by the network to the provider',
  leastSpacingMs: 'least spacing at the provider, ms',
  mostInSecond: 'most in a second, all senders',
  longestSilenceMs: 'longest silence at the provider, ms'
}

export function table ({ judgement: { figures, found }, faults, errors, seconds, settledInSeconds }: Soaked): string {
  const lines = [
    ...Object.entries(titles).map(([name, title]) => row(title, figures[name as keyof Figures])),
    row('settled after the last fault, s', settledInSeconds),
    row('duration, s', seconds),
    '', 'faults', ...[...faults].sort().map(([kind, count]) => row(kind, count)),
    '', 'must be 0', ...breaches.map(breach => row(breach, found.get(breach)?.length ?? 0))
  ]
  for (const [breach, list] of found) {
    for (const what of list.slice(0, 10)) lines.push(`  ${breach}: ${what}`)
  }
  for (const error of errors.slice(0, 5)) lines.push(`  unexpected error of a node: ${error}`)
  return lines.join('\n')
}

function row (title: string, value: number): string {
  return `${title.padEnd(70, ' ')} ${Number.isInteger(value) ? value : value.toFixed(1)}`
}
