import { cpus, loadavg } from 'node:os'
import { isPinned } from './process.mjs'
import { seen } from './redis.mjs'

/** The machine and its other load. */
export function machine () {
  return `${cpus().length} cores (${cpus()[0]?.model.trim()})${isPinned ? ', pinned' : ', not pinned'}, load average ${loadavg()[0].toFixed(1)}, ` +
    `Node ${process.versions.node}, Redis ${seen.version}`
}

/** The entries as a Markdown table: goals with a verdict, figures without. */
export function tableOf (entries) {
  const rows = entries.map(({ goal, target, value, unit, other, against, ratio, min, max, pass, stretch, stretched }) => {
    const verdict = pass === null ? '' : pass ? stretched ? `reached, and the stretch of ${stretch}` : 'reached' : '**missed**'
    const spread = `${short(min)} to ${short(max)}`
    return `| ${goal} | ${short(value)} ${unit} | ${against === undefined ? '' : `${against}: ${short(other)} ${unit}`} ` +
      `| ${ratio === null ? '' : `${short(ratio)}x`} | ${spread} | ${target ?? ''} | ${verdict} |`
  })
  return ['| measure | measured | compared with | ratio | range | goal | verdict |', '|---|---|---|---|---|---|---|', ...rows].join('\n')
}

function short (value) {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
