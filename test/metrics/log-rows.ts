/** The table of docs/logs.md. */
import { readFileSync } from 'node:fs'

export interface Row { level: string, always: string[], sometimes: string[], advice: string }

export function documented (): Map<string, Row> {
  const text = readFileSync(new URL('../../docs/logs.md', import.meta.url), 'utf8')
  const [, table = ''] = text.split('## Every line')
  return new Map(table.split('\n').filter(line => line.startsWith('| `')).map(line => {
    const [, name = '', level = '', fields = '', advice = ''] = line.split('|').map(cell => cell.trim())
    const names = fields.split(' ')
    return [name.slice(1, -1), {
      level, advice, always: names.filter(field => !field.startsWith('(')), sometimes: names.filter(field => field.startsWith('(')).map(field => field.slice(1, -1))
    }]
  }))
}
