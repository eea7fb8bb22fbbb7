/** A history as text. */
import { messagesOf, type Fact } from '../prove/history.js'
import { sentences } from '../prove/model.js'
import type { Simulated } from './simulate.js'
import { EPOCH_MS } from './virtual-time.js'

/** Violations that are shown of each sentence. */
const SHOWN = 5

/** The broken promises of a history, the command that repeats it, and its facts about the messages concerned. `tail`: most lines; 0 for all. */
export function describe ({ seed, judgement, facts, scenario }: Simulated, tail: number): string {
  const lines = [`seed ${seed}: npm run simulate -- --seed ${seed} --runs 1`]
  const about = new Set<string>()
  for (const [sentence, list] of judgement.bySentence) {
    if (list.length > SHOWN) lines.push(`  sentence ${sentence}: ${list.length} times`)
    for (const what of list.slice(0, SHOWN)) {
      lines.push(`  sentence ${sentence}, ${sentences[sentence]}: ${what}`)
      const [, subject = ''] = /^([^: ]+)/.exec(what) ?? []
      about.add(subject)
    }
  }
  for (const { posted } of messagesOf(facts).values()) if (about.has(posted.key)) about.add(posted.pair)
  const { senders, rules, nodes, settings, delayMs } = scenario
  lines.push(`  ${nodes} nodes, ${senders.length} senders, delay ${delayMs} ms, ${JSON.stringify(settings)} ${JSON.stringify(rules)}`)
  const shown = facts.filter(fact => isAbout(fact, about)).sort((a, b) => timeOf(a) - timeOf(b))
  for (const fact of tail > 0 ? shown.slice(-tail) : shown) lines.push(`  ${show(fact)}`)
  return lines.join('\n')
}

/** Facts about the messages that broken promises name, and about everything. */
function isAbout (fact: Fact, about: Set<string>): boolean {
  const text = JSON.stringify(fact)
  const isGeneral = ['operated', 'frozen', 'trouble', 'fault-injected', 'node-failed', 'over'].includes(fact.fact)
  return isGeneral || [...about].some(subject => text.includes(`"${subject}"`) || (subject.length > 20 && text.includes(subject.slice(0, 22))))
}

function timeOf (fact: Fact): number {
  if ('at' in fact) return fact.at
  // A freeze and a trouble are noted by their beginning.
  return 'from' in fact ? Math.max(EPOCH_MS, fact.from) : Infinity
}

export function show (fact: Fact): string {
  const { fact: kind, ...rest } = fact
  const time = timeOf(fact) === Infinity ? '' : (timeOf(fact) - EPOCH_MS).toFixed(3)
  const short = JSON.stringify(rest, (name, value: unknown) =>
    typeof value === 'number' && value > EPOCH_MS && value < 2 * EPOCH_MS && name !== 'id' ? Math.round((value - EPOCH_MS) * 1000) / 1000 : value)
  return `${time.padStart(11)} ${kind.padEnd(14)} ${short}`
}
