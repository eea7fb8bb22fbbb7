#!/usr/bin/env node
/**
 * Writes a list as a marketing team would export it, with the faults of such lists: `node test/cli/messy-list.mjs FILE [ROWS]`. Semicolons,
 * Windows-1252, CRLF, national and shortened numbers, empty cells, repeated people, blank rows. Prints how many rows of each kind it wrote.
 */
import { writeFileSync } from 'node:fs'

const [file = 'messy.csv', rows = '20000'] = process.argv.slice(2)
const names = ['Ana', 'João', 'Conceição', 'Zé "Zeca" Souza', 'Márcia; Ltda', 'Antônio\nJosé']
const counts = {}
/** A generator with a fixed seed: every run writes the same file. */
let state = 1
const random = () => (state = state * 48271 % 2147483647) / 2147483647
const pick = list => list[Math.floor(random() * list.length)]
const cell = text => /[";\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

/** Each kind with its share of the rows. */
const kinds = {
  national: [0.9, n => `(21) 9${n.slice(0, 4)}-${n.slice(4)}`],
  international: [0.05, n => `+55 21 9${n}`],
  shortened: [0.01, () => '5,52E+12'],
  'without an area code': [0.01, n => `9${n}`],
  'no number': [0.005, () => pick(['', 'não tem', 'ana@example.com'])],
  'empty name': [0.01, n => `021 9${n}`],
  repeated: [0.01, () => '(21) 98000-0001'],
  blank: [0.005, () => '']
}

const lines = ['Nome;Celular;Cidade']
for (let i = 0; i < Number(rows); i++) {
  let left = random()
  const [kind, [, write]] = Object.entries(kinds).find(([, [share]]) => (left -= share) < 0) ?? ['national', kinds.national]
  counts[kind] = (counts[kind] ?? 0) + 1
  const number = write(String(80000000 + i).slice(-8))
  const name = kind === 'empty name' ? '' : kind === 'repeated' ? 'Ana' : pick(names)
  lines.push(kind === 'blank' ? ';;' : [name, number, 'Niterói'].map(cell).join(';'))
}
writeFileSync(file, Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1'))
console.log(counts)
