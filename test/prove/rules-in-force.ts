/** The rules of each sender over time, from the settings and the operators' changes. */
import { factsOf, groupBy, type Fact, type Rules, type SenderRules } from './history.js'

/** How much later a request without a response may be executed. */
const LATE_REQUEST_MS = 20_000

export interface RulesInForce {
  /** All rules that were or may have been in force at some time from `from` to `to`. */
  during: (sender: string, from: number, to: number) => SenderRules[]
}

export function rulesInForce (rules: Rules, facts: Fact[]): RulesInForce {
  const changes = groupBy(factsOf(facts, 'operated').filter(({ action }) => action === 'rules'), ({ sender }) => sender)
  const histories = new Map<string, Array<{ from: number, to: number, rules: SenderRules }>>()
  function historyOf (sender: string): Array<{ from: number, to: number, rules: SenderRules }> {
    const known = histories.get(sender)
    if (known !== undefined) return known
    const first: SenderRules = { intervalMs: rules.intervalMs, burst: 1, perSecond: rules.perSecond, ...rules.senders?.[sender] }
    const list = [{ from: -Infinity, to: Infinity, rules: first }]
    let isUncertain = false
    for (const change of (changes.get(sender) ?? []).sort((a, b) => a.askedAt - b.askedAt)) {
      if (change.http >= 400 && change.http < 500) continue
      const before = list.at(-1)
      if (before === undefined) continue
      // Until the response either may be in force. Without one the request may be executed late, by a node that was frozen.
      before.to = change.http === 200 ? Math.max(change.at, isUncertain ? change.at + LATE_REQUEST_MS : 0) : Infinity
      isUncertain = change.http !== 200
      list.push({ from: change.askedAt, to: Infinity, rules: { ...before.rules, ...change.rules } })
    }
    histories.set(sender, list)
    return list
  }
  return { during: (sender, from, to) => historyOf(sender).filter(one => one.to >= from && one.from <= to).map(one => one.rules) }
}
