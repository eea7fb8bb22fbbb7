/** Tables and facts in a terminal: they keep to its width, and nothing is cut that somebody may have to copy. */
import t from 'tap'
import { facts, table } from '../../src/cli/show.js'

const id = '100000000000001.VQsgTFMDzhvdFY_Ebd4Eqg.1a209feb32a'
const means = 'The number is not on WhatsApp, its app is too old, or the person has not accepted the new terms.'
const head = ['status', 'means', 'when', 'id']
const rows = [['FAILED', means, '2026-01-31T09:30:00.123Z', id], ['PENDING', null, '2026-01-31T09:30:00.000Z', id]]
const width = (text: string): number => Math.max(...text.split('\n').map(line => line.length))
/** What is read, without borders and wraps. */
const words = (text: string): string => text.replaceAll(/[│─┌┐└┘├┤┬┴┼\s]+/g, ' ')

t.test('a file or a pipe has no width: one line for each row', async t => {
  const lines = table(head, rows).split('\n')
  t.equal(lines.length, 6)
  t.match(lines[3], new RegExp(`FAILED.*${means}.*2026-01-31T09:30:00Z.*${id}`))
})

t.test('in a terminal words are wrapped, and what does not fit even so is told row by row', async t => {
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

t.test('facts are wrapped too, what is absent is left out, and nothing of theirs moves the cursor', async t => {
  const text = facts({ status: 'failed', error: null, means, said: 'a\u001b[2Jb', id }, 72)
  t.ok(width(text) <= 72)
  t.notOk(text.includes('error') || text.includes('\u001b'))
  t.match(words(text), /means The number is not on WhatsApp,.* the new terms\. said a \[2Jb id 1000/)
})
