/** Tables and lists in a terminal: they fit its width, and ids are never cut. */
import t from 'tap'
import { facts, showMs, table } from '../../src/cli/show.js'

const id = '100000000000001.VQsgTFMDzhvdFY_Ebd4Eqg.1a209feb32a'
const means = 'The number is not on WhatsApp, its app is too old, or the person has not accepted the new terms.'
const head = ['status', 'means', 'when', 'id']
const rows = [['FAILED', means, '2026-01-31T09:30:00.123Z', id], ['PENDING', null, '2026-01-31T09:30:00.000Z', id]]
const width = (text: string): number => Math.max(...text.split('\n').map(line => line.length))
/** The text without borders and line breaks. */
const words = (text: string): string => text.replaceAll(/[│─┌┐└┘├┤┬┴┼\s]+/g, ' ')

await t.test('a file or a pipe has no width limit: one line per row', async t => {
  const lines = table(head, rows).split('\n')
  t.equal(lines.length, 6)
  t.match(lines[3], new RegExp(`FAILED.*${means}.*2026-01-31T09:30:00Z.*${id}`))
})

await t.test('a duration has a unit that people read', t => {
  t.strictSame([999, 1500, 180_000, 36_000_000, 864_000_000].map(showMs), ['999 ms', '1.5 s', '3 min', '10.0 h', '10 days'])
  t.end()
})

await t.test('in a terminal text is wrapped, and rows that still do not fit become lists', async t => {
  for (const columns of [200, 120, 110, 80]) {
    const text = table(head, rows, 'nothing', columns)
    t.ok(width(text) <= columns, `${width(text)} in ${columns}`)
    t.equal(text.split(id).length, 3, 'an id is never cut or wrapped')
    for (const word of means.split(' ')) t.ok(words(text).includes(word), `${columns}: ${word}`)
  }
  t.equal(table(head, rows, 'nothing', 120).split('\n')[1]?.split('│').length, head.length + 2)
  t.match(table(head, rows, 'nothing', 80), /│ status │ FAILED/)
  t.equal(table(head, [], 'No failures.'), 'No failures.')
})

await t.test('lists are wrapped too, absent values are omitted, and control characters are removed', async t => {
  const text = facts({ status: 'failed', error: null, means, text: 'a\u001b[2Jb', id }, 72)
  t.ok(width(text) <= 72)
  t.notOk(text.includes('error') || text.includes('\u001b'))
  t.match(words(text), /means The number is not on WhatsApp,.* the new terms\. text a \[2Jb id 1000/)
})
