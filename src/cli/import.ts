import { SingleBar } from 'cli-progress'
import { type Command, Option } from 'commander'
import { statSync } from 'node:fs'
import { addExamples, openContext } from './context.js'
import { parseCount } from './duration.js'
import { exits, failWith } from './exit.js'
import { formatOf } from './import/rows.js'
import { type ImportEnd, sendFile, type Tally } from './import/send-file.js'

interface Flags { rejected?: string, campaign?: string, batch: number, sender?: string, format?: 'ndjson' | 'csv' }

const MAX_BATCH = 1000

export function addImport (program: Command): void {
  const command = program.command('import <file>').summary('send the messages in a file')
    .description([
      'Sends each line of an NDJSON or CSV file as a message.',
      'You may interrupt it at any time and run it again: the idempotency key of a line is a hash of its content,',
      'and the gateway accepts each key once. So no line is sent twice within 24 h with the same API key, and equal lines are one message.',
      'A CSV file begins with the names of fields: to, message, priority, metadata.orderId and so on.'
    ].join(' '))
    .option('--rejected <file>', 'file for rejected lines with code and field (default: FILE.rejected.ndjson)')
    .option('--campaign <name>', 'sends lines again that another campaign has sent')
    .option('--sender <id>', 'phone number id of the sender, for lines without one')
    .addOption(new Option('--format <format>', 'format of a file without such an extension').choices(['ndjson', 'csv']))
    .addOption(new Option('--batch <count>', 'lines per request, at most 1,000')
      .argParser(text => Math.min(parseCount(text), MAX_BATCH)).default(500))
    .action(async (file: string, { rejected, campaign = '', ...flags }: Flags, self: Command) => {
      const { client, print, json } = openContext(self)
      const rejectedFile = rejected ?? `${file}.rejected.ndjson`
      const stop = new AbortController()
      // The first Ctrl-C lets the current request complete; the second has no listener and ends the process. Both are safe.
      process.once('SIGINT', () => stop.abort())
      const bar = createBar(file, json)
      const { tally, end } = await sendFile({
        client,
        file,
        format: formatOf(file, flags.format),
        rejectedFile,
        campaign,
        sender: flags.sender,
        batch: flags.batch,
        stop: stop.signal,
        onProgress: bar.show
      }).finally(() => bar.end())
      print({ file, status: end.status, ...tally, rejectedFile: tally.rejected === 0 ? null : rejectedFile },
        () => show(file, tally, end, rejectedFile))
      if (end.status === 'aborted') failWith(end.error, json)
      else process.exitCode = end.status === 'interrupted' ? exits.interrupted : tally.rejected > 0 ? exits.rowsRejected : exits.done
    })
  addExamples(command, [
    ['sluice import campaign.csv', 'shows progress, then a summary of accepted and rejected lines'],
    ['sluice import campaign.csv', 'again after Ctrl-C, a crash or an outage: continues'],
    ['sluice import codes.ndjson --rejected bad.ndjson --json', 'in a script'],
    ['sluice import campaign.csv --campaign autumn', 'sends all lines again']
  ])
}

/** A progress bar on stderr, by bytes of the file; none with `--json` or without a terminal. */
function createBar (file: string, isQuiet: boolean): { show: (tally: Tally, bytes: number) => void, end: () => void } {
  const counts = '{lines} lines | {accepted} accepted | {duplicates} duplicates | {rejected} rejected'
  const bar = new SingleBar({
    format: `{bar} {percentage} % | ${counts} | {eta_formatted}`, hideCursor: true, clearOnComplete: true, stopOnComplete: false
  })
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const isShown = !isQuiet && process.stderr.isTTY
  if (isShown) bar.start(size, 0, { lines: 0, accepted: 0, duplicates: 0, rejected: 0 })
  return {
    show (tally, bytes) { if (isShown) bar.update(bytes, tally) },
    end () { if (isShown) bar.stop() }
  }
}

function show (file: string, tally: Tally, { status }: ImportEnd, rejectedFile: string): string {
  const { lines, accepted, duplicates, rejected } = tally
  const counts = `${file}: ${lines} lines: ${accepted} accepted, ${duplicates} duplicates, ${rejected} rejected`
  const reasons = [...tally.reasons].sort((a, b) => b.count - a.count || a.firstLine - b.firstLine).map(({ code, field, count, firstLine }) =>
    `\n  ${count} ${code}${field === undefined ? '' : ` (${field})`}, ${count === 1 ? 'at' : 'first at'} line ${firstLine}`)
  const more = status === 'done' ? '' : `\n${status}: run the same command again to continue`
  return `${counts}${rejected === 0 ? '' : `, see ${rejectedFile}`}${reasons.join('')}${more}`
}
