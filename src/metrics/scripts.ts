import type { ScriptWatch } from '../redis/commands.js'
import type { Instruments } from './instruments.js'

/** Counts and times every Lua script. Called for each, so it looks its series up once. */
export function watchScripts ({ scriptDuration, scriptErrors }: Instruments): ScriptWatch {
  const series = new Map<string, { observe: (seconds: number) => void }>()
  return (script, durationMs, isFailed) => {
    let one = series.get(script)
    if (one === undefined) {
      one = scriptDuration.labels(script)
      series.set(script, one)
    }
    one.observe(durationMs / 1000)
    if (isFailed) scriptErrors.inc({ script })
  }
}
