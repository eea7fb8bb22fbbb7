/** PromQL as the editor of Prometheus reads it, without a server. */
import { parser } from '@prometheus-io/lezer-promql'

export interface Selector {
  metric: string
  matchers: string[]
  /** The functions and aggregations around it, from the inside. */
  within: string[]
  /** The range behind it, `5m` or `$__rate_interval`; empty for a vector. */
  range: string
}

export interface Expression { error: string | null, selectors: Selector[] }

/** Grafana's variables inside of matchers are words; those of durations become one. */
export function parse (expr: string): Expression {
  const text = expr.replaceAll('$__rate_interval', '61s').replaceAll('$__range', '62s').replaceAll('$__interval', '63s')
  const selectors: Selector[] = []
  let error: string | null = null
  parser.parse(text).iterate({
    enter (ref) {
      if (ref.type.isError) error ??= `at ${ref.from}: …${text.slice(Math.max(0, ref.from - 20), ref.from + 20)}…`
      if (ref.name !== 'VectorSelector') return
      const within: string[] = []
      let range = ''
      for (let node = ref.node.parent; node !== null; node = node.parent) {
        if (node.name === 'MatrixSelector') range = text.slice(ref.to, node.to).replaceAll(/[[\]\s]/g, '')
        if (node.name === 'FunctionCall' || node.name === 'AggregateExpr') within.push(text.slice(node.from, node.to).split(/[\s(]/)[0] ?? '')
      }
      const names = ref.node.getChildren('Identifier').map(({ from, to }) => text.slice(from, to))
      const matchers = ref.node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
      selectors.push({ metric: names[0] ?? '', matchers: matchers.map(({ from, to }) => text.slice(from, to)), within, range: named(range) })
    }
  })
  return { error, selectors }
}

function named (range: string): string {
  return { '61s': '$__rate_interval', '62s': '$__range', '63s': '$__interval' }[range] ?? range
}
