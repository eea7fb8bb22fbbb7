import { cpus, loadavg } from 'node:os'
import { isPinned } from './process.mjs'
import { seen } from './redis.mjs'

/** The load before the benchmark adds its own. */
const [loadBefore] = loadavg()
/** With more load than this by other programs, figures per second and in ms say little, and ratios of CPU still something. */
const QUIET = 0.5

/** What to say before a measurement on a machine that other programs use; undefined on a quiet one. */
export function busyNote () {
  return loadBefore > QUIET ? `load average ${loadBefore.toFixed(1)}: other programs use this machine. Only ratios of CPU are of use.` : undefined
}

/** The machine and its other load before the start. */
export function machine () {
  return {
    on: `${cpus().length} cores (${cpus()[0]?.model.trim()})${isPinned ? ', pinned' : ', not pinned'}, Node ${process.versions.node}, ` +
      `Redis ${seen.version}`,
    load: loadBefore.toFixed(1)
  }
}

/** Where the parts were measured, and at which load; instructions depend on neither. */
export function settingsOf (settings) {
  const timed = settings.filter(({ part }) => part !== 'instructions')
  const machines = [...new Set(timed.map(({ on }) => on))]
  return machines.map(machine => {
    const own = timed.filter(({ on }) => on === machine)
    const loads = [...new Set(own.map(({ load }) => load))]
    const partsAt = load => own.filter(one => one.load === load).map(({ part }) => part).join(', ')
    return `${machine};\nload average before ${loads.map(load => loads.length === 1 ? load : `${load} (${partsAt(load)})`).join(' or ')}.`
  }).join('\n')
}

/** The entries as a Markdown table: goals with a result, figures without. */
export function tableOf (entries) {
  const rows = entries.map(({ goal, target, value, unit, other, against, ratio, min, max, pass, stretch, stretched }) => {
    const result = pass === null ? '' : pass ? stretched ? `reached, and the stretch of ${stretch}` : 'reached' : '**missed**'
    const spread = `${short(min)} to ${short(max)}`
    return `| ${goal} | ${short(value)} ${unit} | ${against === undefined ? '' : `${against}: ${short(other)} ${unit}`} ` +
      `| ${ratio === null ? '' : `${short(ratio)}x`} | ${spread} | ${target ?? ''} | ${result} |`
  })
  return ['| measure | measured | compared with | ratio | range | goal | result |', '|---|---|---|---|---|---|---|', ...rows].join('\n')
}

function short (value) {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
