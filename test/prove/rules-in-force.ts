/** The rules of each sender over time, from the settings and the operators' changes. */
import { factsOf, groupBy, isInconclusive, isLost, type Fact, type Rules, type SenderRules } from './history.js'
import { effectiveBy } from './late-requests.js'

export interface RulesInForce {
  /** All rules that were or may have been in force at some time from `from` to `to`. */
  during: (sender: string, from: number, to: number) => SenderRules[]
  /**
   * The least time from `from` in which a pair may start `count` sends, when the last one starts at `to`: the largest burst of that time, and one for
   * each interval. After a change of the interval each part of the time counts by the interval that was in force in it.
   */
  leastMs: (sender: string, from: number, to: number, count: number) => number
}

const isSame = (one: SenderRules, other: SenderRules): boolean =>
  one.intervalMs === other.intervalMs && one.burst === other.burst && one.perSecond === other.perSecond

export function rulesInForce (rules: Rules, facts: Fact[]): RulesInForce {
  const changes = groupBy(factsOf(facts, 'operated').filter(({ action }) => action === 'rules'), ({ sender }) => sender)
  const losses = factsOf(facts, 'lost-writes')
  const byWhen = effectiveBy(facts)
  const histories = new Map<string, Array<{ from: number, to: number, rules: SenderRules }>>()
  function historyOf (sender: string): Array<{ from: number, to: number, rules: SenderRules }> {
    const known = histories.get(sender)
    if (known !== undefined) return known
    const first: SenderRules = { intervalMs: rules.intervalMs, burst: 1, perSecond: rules.perSecond, ...rules.senders?.[sender] }
    const list = [{ from: -Infinity, to: Infinity, rules: first }]
    let lateUntil = -Infinity
    for (const change of (changes.get(sender) ?? []).sort((a, b) => a.askedAt - b.askedAt)) {
      if (change.http >= 400 && change.http < 500) continue
      const before = list.filter(({ to }) => to === Infinity)
      const isCertain = change.http === 200 && !isLost(change, losses)
      // Until the response either may be in force. An earlier request without one may be executed after this.
      if (isCertain) for (const one of before) one.to = Math.max(change.at, lateUntil)
      if (isInconclusive(change)) lateUntil = Math.max(lateUntil, byWhen(change.at))
      for (const { rules } of before) {
        const changed = { ...rules, ...change.rules }
        if (!list.some(one => one.to === Infinity && isSame(one.rules, changed))) list.push({ from: change.askedAt, to: Infinity, rules: changed })
      }
    }
    histories.set(sender, list)
    return list
  }
  const during = (sender: string, from: number, to: number): SenderRules[] =>
    historyOf(sender).filter(one => one.to >= from && one.from <= to).map(one => one.rules)
  function leastMs (sender: string, from: number, to: number, count: number): number {
    const history = historyOf(sender)
    const changes = [...history.map(one => one.from), ...history.map(one => one.to)].filter(at => at > from && at < Infinity).sort((a, b) => a - b)
    let left = count - Math.max(...during(sender, from, to).map(({ burst }) => burst))
    let at = from
    for (const end of [...changes, Infinity]) {
      if (left <= 0) break
      const intervalMs = Math.min(...history.filter(one => one.to > at && one.from < end).map(one => one.rules.intervalMs))
      const part = Math.min(left, (end - at) / intervalMs)
      at = part === left ? at + part * intervalMs : end
      left -= part
    }
    return at - from
  }
  return { during, leastMs }
}
