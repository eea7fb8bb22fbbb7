/** Fields of each log line, as its row declares them. */
import { logLines } from '../../src/metrics/log-lines.js'

export interface Declared { level: string, always: string[], sometimes: string[] }

export function declaredRows (): Map<string, Declared> {
  return new Map(Object.entries(logLines).map(([line, { level, fields }]) => {
    const names = fields.split(' ')
    return [line, {
      level,
      always: names.filter(name => !name.startsWith('(')),
      sometimes: names.filter(name => name.startsWith('(')).map(name => name.slice(1, -1))
    }]
  }))
}
