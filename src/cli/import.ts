import { type Command, Option } from 'commander'
import { addExamples, openContext } from './context.js'
import { parseCount } from './duration.js'
import { exits, failWith } from './exit.js'
import { createBar } from './import/bar.js'
import { formatOf } from './import/rows.js'
import { type End, sendFile, type Tally } from './import/send-file.js'

interface Flags { refused?: string, campaign?: string, batch: number, sender?: string, format?: 'ndjson' | 'csv' }

const MOST_ROWS = 1000

export function addImport (program: Command): void {
  const command = program.command('import <file>').summary('send what a file holds')
    .description([
      'Sends each line of an NDJSON or CSV file as a message.',
      'It can be interrupted at any moment and run again: a line is named by what it says, and the gateway takes each name once, so no line is sent twice within 24 h with the same API key.',
      'Equal lines are one message. CSV has a first line with the names of fields: to, message, priority, metadata.orderId and so on.'
    ].join(' '))
    .option('--refused <file>', 'where refused lines are noted with code and field (default: FILE.refused.ndjson)')
    .option('--campaign <name>', 'sends equal lines again that another campaign has sent')
    .option('--sender <id>', 'phone number id of the sender, for lines that name none')
    .addOption(new Option('--format <format>', 'where the name of the file does not end in it').choices(['ndjson', 'csv']))
    .addOption(new Option('--batch <count>', 'lines in one request, 1,000 at most').argParser(text => Math.min(parseCount(text), MOST_ROWS)).default(500))
    .action(async (file: string, flags: Flags, self: Command) => {
      const { client, print, json } = openContext(self)
      const refusedFile = flags.refused ?? `${file}.refused.ndjson`
      const stop = new AbortController()
      // The first Ctrl-C lets the request under way end; a second one, with no listener left, ends the process. Both are safe.
      process.once('SIGINT', () => stop.abort())
      const bar = createBar(file, json)
      const { tally, end } = await sendFile({ client, file, format: formatOf(file, flags.format), refusedFile, campaign: flags.campaign ?? '', sender: flags.sender, batch: flags.batch, stop: stop.signal, onProgress: bar.show })
        .finally(() => bar.end())
      print({ file, status: end.status, ...tally, refusedFile: tally.refused === 0 ? null : refusedFile }, () => show(file, tally, end, refusedFile))
      if (end.status === 'broken-off') failWith(end.error, json)
      else process.exitCode = end.status === 'interrupted' ? exits.interrupted : tally.refused > 0 ? exits.someRefused : exits.done
    })
  addExamples(command, [
    ['sluice import campaign.csv', 'with a bar, and at the end a report of what was refused and why'],
    ['sluice import campaign.csv', 'the same again after Ctrl-C, a crash or a lost gateway: goes on'],
    ['sluice import codes.ndjson --refused bad.ndjson --json', 'for a script'],
    ['sluice import campaign.csv --campaign autumn', 'send it again on purpose']
  ])
}

function show (file: string, { lines, accepted, known, refused, reasons }: Tally, { status }: End, refusedFile: string): string {
  const counts = `${lines} lines: ${accepted} accepted, ${known} known already, ${refused} refused`
  const why = [...reasons].sort((a, b) => b.count - a.count || a.firstLine - b.firstLine).map(({ code, field, count, firstLine }) =>
    `\n  ${count} ${code}${field === undefined ? '' : ` (${field})`}, ${count === 1 ? 'in' : 'first in'} line ${firstLine}`)
  return `${file}: ${counts}${refused === 0 ? '' : `, see ${refusedFile}`}${why.join('')}${status === 'done' ? '' : `\n${status}: the same command goes on`}`
}
