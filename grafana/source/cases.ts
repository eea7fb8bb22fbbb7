/** The test cases of all alerts for promtool. */
import { callers } from './cases/callers.js'
import type { Case } from './cases/case.js'
import { failures } from './cases/failures.js'
import { nodes } from './cases/nodes.js'
import { queue } from './cases/queue.js'
import { redis } from './cases/redis.js'
import { settlement } from './cases/settlement.js'
import { stops } from './cases/stops.js'
import { whatsapp } from './cases/whatsapp.js'

export const cases: readonly Case[] = [...failures, ...queue, ...whatsapp, ...stops, ...settlement, ...callers, ...redis, ...nodes]

/** The file for `promtool test rules`, in the folder of rules.yml. */
export function casesFile (runbooks: string): object {
  return {
    rule_files: ['rules.yml'],
    evaluation_interval: '1m',
    tests: cases.map(({ alert, kind, about, series, at }) => ({
      name: `${alert} ${kind === 'fires' ? 'fires' : 'stays quiet'}: ${about}`,
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: Object.entries(at).map(([time, firing]) => ({
        eval_time: time,
        alertname: alert,
        exp_alerts: firing.map(({ labels, summary }) => ({
          exp_labels: labels,
          exp_annotations: { summary, runbook_url: `${runbooks}#${alert.toLowerCase()}` }
        }))
      }))
    }))
  }
}
