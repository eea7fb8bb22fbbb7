import { SingleBar } from 'cli-progress'
import { resolve } from 'node:path'
import type { CliContext } from '../context.js'
import { exits, failWith, UsageError } from '../exit.js'
import { readNumbersOf } from './message.js'
import { decoderOf } from './decode.js'
import { type Format, type List, readList } from './read-file.js'
import { createResults, type Tally } from './results.js'
import { sendList } from './send-list.js'
import { estimateEnd, showSummary } from './summary.js'
import { CAMPAIGN_NAME } from '../../values/campaign-name.js'

type Entries = Record<string, string>

export interface Flags {
  dryRun?: true
  limit?: number
  template?: string
  language?: string
  text?: string
  param?: Entries
  header?: Entries
  button?: Entries
  column?: Entries
  country?: string
  ignoreUnknown?: true
  priority: string
  category?: string
  sender?: string
  campaign?: string
  encoding?: string
  delimiter?: string
  sheet?: string
  format?: Format
  results?: string
  batch: number
}

/** A longer request is reported to the person who waits. */
const SLOW_MS = 2000

/** Reads the list, sends or checks it, and prints what came of it. Throws UsageError before anything is sent. */
export async function runImport (file: string, flags: Flags, { client, print, json, url }: CliContext): Promise<void> {
  const { dryRun = false, limit = Infinity, campaign = '', batch } = flags
  const resultsFile = flags.results ?? `${file}.${dryRun ? 'dry-run' : 'results'}.csv`
  if (resolve(resultsFile) === resolve(file)) throw new UsageError('--results names the list itself')
  const list = await readList(file, await readOptionsOf(flags))
  const rows = list.rows.slice(0, limit)
  const results = createResults(resultsFile, list.delimiter ?? delimiterOfLocale())
  const stop = new AbortController()
  // The first Ctrl-C lets the current request complete; the second has no listener and ends the process. Both are safe.
  process.once('SIGINT', () => stop.abort())
  const progress = createProgress(rows.length, json, url, results.tally)
  const { end, senders, valid } = await sendList({
    client, rows, results, campaign, batch, dryRun, stop: stop.signal, onRequest: progress.show
  }).finally(progress.end)
  results.close(rows.length)
  const { tally } = results
  const estimate = estimateEnd(senders, valid)
  const leftOut = list.rows.length - rows.length
  print(
    {
      file,
      status: end.status,
      dryRun,
      ...tally,
      empty: list.empty,
      leftOut,
      expectedEnd: estimate?.endsAt ?? null,
      excess: estimate?.excess ?? [],
      resultsFile
    },
    () => showSummary({ file, tally, end, resultsFile, dryRun, campaign, empty: list.empty, leftOut, estimate, sample: valid[0] }))
  if (end.status === 'aborted') failWith(end.error, json)
  else process.exitCode = end.status === 'interrupted' ? exits.interrupted : tally.rejected > 0 ? exits.rowsRejected : exits.done
}

async function readOptionsOf (flags: Flags): Promise<Parameters<typeof readList>[1]> {
  const { template, language, text, param, header, button, column = {}, country, priority, category, campaign, sender, encoding, delimiter } = flags
  if (campaign !== undefined && !new RegExp(CAMPAIGN_NAME).test(campaign)) {
    throw new UsageError('--campaign: a name has up to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or digit')
  }
  if (template !== undefined && text !== undefined) throw new UsageError('give either --text or --template')
  if (template === undefined && (language ?? param ?? header ?? button) !== undefined && column['template'] === undefined) {
    throw new UsageError('--language, --param, --header and --button belong to --template')
  }
  if (template !== undefined && language === undefined && column['language'] === undefined) {
    throw new UsageError('--template needs its --language, such as --language pt_BR')
  }
  checkParameters(param, header, button)
  if (encoding !== undefined) decoderOf(encoding)
  const separator = delimiter === '\\t' || delimiter === 'tab' ? '\t' : delimiter
  if (separator !== undefined && [...separator].length !== 1) throw new UsageError('--delimiter must be one character, such as ";" or tab')
  return {
    columns: { ...column, ...prefixed('param', param), ...prefixed('header', header), ...prefixed('button', button) },
    hasContent: (template ?? text) !== undefined,
    ignoreUnknown: flags.ignoreUnknown === true,
    format: flags.format,
    encoding,
    delimiter: separator,
    sheet: flags.sheet,
    defaults: {
      ...{ template, language, text, priority, category, campaign, sender },
      toInternational: country === undefined ? undefined : await readNumbersOf(country)
    }
  }
}

function checkParameters (param: Entries = {}, header: Entries = {}, button: Entries = {}): void {
  const names = Object.keys(param)
  const numbers = names.filter(name => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b)
  if (numbers.length > 0 && numbers.length < names.length) throw new UsageError('--param: a template has either numbers or names')
  if (numbers.some((number, i) => number !== i + 1)) throw new UsageError('--param: the numbers of parameters are 1, 2 and so on, without a gap')
  const kind = Object.keys(header).find(name => !['text', 'image', 'video', 'document'].includes(name))
  if (kind !== undefined) throw new UsageError(`--header: "${kind}" is not text, image, video or document`)
  if (Object.keys(header).length > 1) throw new UsageError('--header: a template has one header')
  const wrong = Object.keys(button).find(name => !/^\d$/.test(name))
  if (wrong !== undefined) throw new UsageError(`--button: "${wrong}" is not the place of a button, from 0`)
}

function prefixed (prefix: string, entries: Entries = {}): Entries {
  return Object.fromEntries(Object.entries(entries).map(([name, column]) => [`${prefix}.${name}`, column]))
}

/** Spreadsheets of languages with a decimal comma expect a semicolon. */
function delimiterOfLocale (): NonNullable<List['delimiter']> {
  return new Intl.NumberFormat().format(1.5).includes(',') ? ';' : ','
}

interface Progress { show: (isOpen: boolean) => void, end: () => void }

/** A progress bar on stderr; none with `--json` or without a terminal. Says when the gateway makes it wait. */
function createProgress (total: number, isQuiet: boolean, url: string, tally: Tally): Progress {
  const isShown = !isQuiet && process.stderr.isTTY
  const bar = new SingleBar({
    format: '{bar} {percentage} % | {value} of {total} rows | {passed} passed | {known} known | {rejected} rejected | {note}',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false
  })
  const update = (note = ''): void => {
    const { rows, accepted, valid, known, rejected } = tally
    if (isShown) bar.update(rows, { passed: accepted + valid, known, rejected, note })
  }
  let timer: NodeJS.Timeout | undefined
  let hasSaidSo = false
  if (isShown) bar.start(total, 0, { passed: 0, known: 0, rejected: 0, note: '' })
  return {
    show (isOpen) {
      clearTimeout(timer)
      update()
      if (!isOpen || isQuiet) return
      timer = setTimeout(() => {
        update('waiting for the gateway …')
        if (!isShown && !hasSaidSo) process.stderr.write(`waiting for the gateway at ${url} …\n`)
        hasSaidSo = true
      }, SLOW_MS)
    },
    end () {
      clearTimeout(timer)
      update()
      if (isShown) bar.stop()
    }
  }
}
