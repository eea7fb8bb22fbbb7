#!/usr/bin/env node
/**
 * What the checks of values cost for each message, ns, beside what they replace. None of it is measured over HTTP: there it is noise.
 *
 *     npm run build && node test/bench/values.mjs [rounds, 7]
 */
import { isUtf8 } from 'node:buffer'
import { deriveKey } from '../../dist/values/key.js'
import { decodeUtf8, findInexact } from '../../dist/values/json.js'
import { markRepeated } from '../../dist/values/repeated-members.js'
import { parsePhone } from '../../dist/values/phone.js'
import { parseTime } from '../../dist/values/time.js'

const ROUNDS = Number(process.argv[2] ?? 7)
const CALLS = 200_000
const numbers = Array.from({ length: 1024 }, (_, i) => `${['+1555', '+5511', '+49151', '+91984', '+5255'][i % 5]}${1_000_000 + i * 4099}`)
const written = numbers.map(text => `${text.slice(0, 3)} (${text.slice(3, 6)}) ${text.slice(6)}`)
const text = { to: '+15550104711', message: 'Your order 4711 is on its way, and arrives tomorrow.', metadata: { order: 4711 }, priority: 'urgent' }
const parameters = Array.from({ length: 10 }, (_, i) => ({ type: 'text', text: `Value ${i} of a template` }))
const components = [{ type: 'body', parameters }]
const template = { ...text, message: { type: 'template', template: { name: 'order', language: { code: 'pt_BR' }, components } } }
const bytes = Buffer.from(JSON.stringify(text))
const long = Buffer.from(JSON.stringify({ ...text, message: 'Olá João, '.repeat(400) }))
const [source, longSource, templateSource] = [bytes, long, Buffer.from(JSON.stringify(template))].map(String)
const parsed = [source, longSource, templateSource].map(JSON.parse)
const iso = '2030-01-31T09:30:00+01:00'

const measures = {
  'a number as it was read before': i => numbers[i % 1024].replace(/\D/g, ''),
  'a number, + and digits': i => parsePhone(numbers[i % 1024], 'to'),
  'a number with punctuation': i => parsePhone(written[i % 1024], 'to'),
  'a body of a text: exact numbers, whole characters, nesting': () => findInexact(text, 'body'),
  'a body of a template with ten parameters': () => findInexact(template, 'body'),
  'bytes of a text as they were decoded before': () => bytes.toString('utf8'),
  'bytes of a text, checked': () => decodeUtf8(bytes),
  'bytes of 4,000 letters as they were decoded before': () => long.toString('utf8'),
  'bytes of 4,000 letters, checked': () => decodeUtf8(long),
  'of that the check': () => isUtf8(long),
  'JSON.parse of a text': () => JSON.parse(source),
  'a text, members given twice': () => markRepeated(source, parsed[0]),
  'JSON.parse of a template with ten parameters': () => JSON.parse(templateSource),
  'a template with ten parameters, members given twice': () => markRepeated(templateSource, parsed[2]),
  'JSON.parse of 4,000 letters': () => JSON.parse(longSource),
  '4,000 letters, members given twice': () => markRepeated(longSource, parsed[1]),
  'Date.parse, where a time is given': () => Date.parse(iso),
  'a time, where one is given': () => parseTime(iso, 'scheduledFor'),
  'a derived key': i => deriveKey({ recipient: numbers[i % 1024], isPhone: true, type: 'text', message: text.message })
}

for (const [name, call] of Object.entries(measures)) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const from = performance.now()
    for (let i = 0; i < CALLS; i++) call(i)
    return (performance.now() - from) * 1e6 / CALLS
  }).sort((a, b) => a - b)
  const [least, median, most] = [0, Math.floor(ROUNDS / 2), ROUNDS - 1].map(i => rounds[i].toFixed(0))
  console.log(`${name.padEnd(62)} ${median.padStart(6)} ns   ${least} to ${most}`)
}
