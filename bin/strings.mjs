/**
 * Prints the user-facing texts of the code as Markdown, one paragraph each, so that textlint can check them like a page:
 * `node --import=tsx bin/strings.mjs`.
 */
import { readFileSync } from 'node:fs'
import { createProgram } from '../src/cli/program.ts'
import { ConfigSchema } from '../src/config.ts'
import * as console_ from '../src/console/page/words.js'
import { errors } from '../src/errors.ts'
import { createInstruments } from '../src/metrics/instruments.ts'
import { logLines } from '../src/metrics/log-lines.ts'
import { createSystemGauges } from '../src/metrics/system.ts'
import { localCodes, metaCodes } from '../src/provider/codes.ts'

const openapi = JSON.parse(readFileSync(new URL('../docs/openapi.json', import.meta.url), 'utf8'))
const registries = [createInstruments().registry, createSystemGauges().registry]

const sections = {
  'Errors (src/errors.ts)': Object.entries(errors).map(([code, row]) => [code, ...textsIn(row)]),
  'Settings (src/config.ts)': Object.entries(ConfigSchema.properties).map(([name, { description }]) => [name, description]),
  'Log lines (src/metrics/log-lines.ts)': Object.entries(logLines).map(([line, row]) => [line, line, ...textsIn(row)]),
  'Metrics (src/metrics)': registries.flatMap(registry => registry.getMetricsAsArray()).map(({ name, help }) => [name, help]),
  'Codes (src/provider)': [...metaCodes, ...localCodes].map(({ code, title, explanation, remedy }) => [code, title, explanation, remedy]),
  'HTTP API (docs/openapi.json, from src/http)': descriptionsIn(openapi, '#').map(({ place, text }) => [place, text]),
  'Command line (src/cli)': commandsBelow(createProgram()).map(command => [command.name(), ...helpOf(command)]),
  'Console (src/console/page/words.js)': Object.entries(console_).map(([name, value]) => [name, ...textsIn(value)])
}

for (const [title, entries] of Object.entries(sections)) {
  console.log(`# ${title}\n`)
  for (const [name, ...texts] of entries) console.log(`## \`${name}\`\n\n${texts.filter(text => text).map(asParagraph).join('\n\n')}\n`)
}

/** A sentence must end for the next not to be counted with it. */
function asParagraph (text) {
  const line = String(text).replaceAll(/\s*\n\s*/g, '\n').trim()
  return /[.!?:]$/.test(line) ? line : `${line}.`
}

/** All strings in a value that are texts and not names. */
function textsIn (value) {
  if (typeof value === 'string') return / /.test(value) ? [value] : []
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(textsIn) : []
}

/** Descriptions and summaries of an OpenAPI document. */
function descriptionsIn (value, place) {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const isText = ['description', 'summary', 'title'].includes(key) && typeof inner === 'string'
    return isText ? [{ place: `${place}/${key}`, text: inner }] : descriptionsIn(inner, `${place}/${key}`)
  })
}

function commandsBelow (command) {
  return [command, ...command.commands.flatMap(commandsBelow)]
}

function helpOf (command) {
  const options = command.options.map(({ description }) => description)
  const args = command.registeredArguments.map(({ description }) => description)
  let after = ''
  command.configureOutput({ writeOut: text => { after += text } }).outputHelp()
  // Below the list of options and commands stand examples and notes.
  const notes = after.split(/\n\n/).filter(part => !/^(Usage|Options|Global Options|Arguments|Commands):/.test(part))
  return [...options, ...args, ...notes]
}
