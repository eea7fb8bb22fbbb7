/** The verdict as a table for people. */
import { breaches, type Figures } from './judge.js'
import type { Soaked } from './soak.js'

const titles: Record<keyof Figures, string> = {
  messages: 'messages asked for',
  arrivals: 'requests at the provider',
  sent: 'sent',
  failed: 'failed, and said so',
  cancelled: 'cancelled',
  expired: 'expired, and said so',
  unpromised: 'never answered: nothing promised',
  repeats: 'posts repeated after no answer or 503',
  unknownAttempts: 'attempts of unknown outcome',
  doubledAsAllowed: 'sent twice after an unknown outcome, as asked for',
  closerByFreeze: 'too close: frozen between the last look at the clock and the write',
  closerByStall: 'too close: held up there by a busy machine',
  closerByWire: 'too close: held up on the way to the provider',
  leastSpacingMs: 'least spacing at the provider, ms',
  mostInSecond: 'most in a second, all senders',
  longestSilenceMs: 'longest silence at the provider, ms'
}

export function table ({ judgement: { figures, found }, faults, cries, seconds, settledInSeconds }: Soaked): string {
  const lines = [
    ...Object.entries(titles).map(([name, title]) => row(title, figures[name as keyof Figures])),
    row('settled after the last fault, s', settledInSeconds),
    row('duration, s', seconds),
    '', 'faults', ...[...faults].sort().map(([kind, count]) => row(kind, count)),
    '', 'has to be 0', ...breaches.map(breach => row(breach, found.get(breach)?.length ?? 0))
  ]
  for (const [breach, list] of found) {
    for (const what of list.slice(0, 10)) lines.push(`  ${breach}: ${what}`)
  }
  for (const cry of cries.slice(0, 5)) lines.push(`  a node cried: ${cry}`)
  return lines.join('\n')
}

function row (title: string, value: number): string {
  return `${title.padEnd(70, ' ')} ${Number.isInteger(value) ? value : value.toFixed(1)}`
}
