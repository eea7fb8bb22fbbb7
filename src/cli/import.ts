import { type Command, Option } from 'commander'
import { addExamples, collectEntries, openContext, parseCount } from './context.js'
import type { Flags } from './import/run.js'

const MAX_BATCH = 1000
export function addImport (program: Command): void {
  const command = program.command('import <file>').summary('send to a list: CSV, Excel, NDJSON')
    .description([
      'Sends each row of a CSV file, an Excel sheet (.xlsx) or an NDJSON file as a message.',
      'The first row of a table names the columns, such as to, message, metadata.orderId; Phone or Text are understood as well.',
      'The file is read to its end before anything is sent. Try it with --dry-run first.',
      'You may interrupt it at any time and run it again: the idempotency key of a row is a hash of what its recipient gets,',
      'and the gateway accepts each key once in 24 h. Equal rows are one message.'
    ].join(' '))
    .option('--dry-run', 'check all rows and send none: what is valid, known, rejected or opted out, and how long it would take')
    .option('--limit <count>', 'only the first rows', parseCount)
    .option('--text <text>', 'the text of all rows; {{name}} is the value of the column "name"')
    .option('--template <name>', 'an approved template for all rows')
    .option('--language <code>', 'language of the template, such as pt_BR')
    .option('--param <place=column>', 'a parameter of the template: 1="Order", or first_name=Name; may be repeated', collectEntries)
    .option('--header <kind=column>', 'its header: text, image, video or document, from a column with the text or the link', collectEntries)
    .option('--button <place=column>', 'the variable part of the link of a button, from 0', collectEntries)
    .option('--column <field=column>', 'the column of a field: to="Phone Number"; may be repeated', collectEntries)
    .option('--country <code>', 'country of numbers without a country code: BR, US, DE')
    .option('--ignore-unknown', 'leave out columns that are no field and that no text uses')
    .addOption(new Option('--priority <lane>', 'lane of rows that name none').choices(['urgent', 'normal', 'bulk']).default('bulk'))
    .addOption(new Option('--category <category>', 'category of rows that name none')
      .choices(['marketing', 'utility', 'authentication', 'service']))
    .option('--sender <id>', 'phone number id of the sender, for rows without one')
    .option('--campaign <name>', 'campaign of rows that name none, shown by sluice campaign NAME --watch. ' +
      'A row that you sent before in another campaign, or in none, is sent again')
    .option('--encoding <name>', 'encoding of the file if it is not UTF-8 or UTF-16: windows-1252, latin1')
    .option('--delimiter <character>', 'between the cells of a CSV file, where it is not found by itself')
    .option('--sheet <name>', 'sheet of a workbook with several')
    .addOption(new Option('--format <format>', 'format of a file without such an extension').choices(['csv', 'xlsx', 'ndjson']))
    .option('--results <file>', 'CSV file with every row and its result (default: FILE.results.csv, or FILE.dry-run.csv)')
    .addOption(new Option('--batch <count>', 'rows per request, at most 1,000')
      .argParser(text => Math.min(parseCount(text), MAX_BATCH)).default(500))
    .action(async (file: string, flags: Flags, self: Command) => {
      const context = openContext(self)
      // The readers of files take longer to load than any other command runs.
      const { runImport } = await import('./import/run.js')
      await runImport(file, flags, context)
    })
  addExamples(command, [
    ['sluice import list.xlsx --dry-run', 'check the list, send nothing'],
    ['sluice import list.xlsx --limit 5', 'send to the first five rows'],
    ['sluice import list.xlsx', 'send; again after Ctrl-C, a crash or an outage: continues'],
    ['sluice import list.csv --text "Hi {{Name}}" --country BR', 'one text for all, national numbers'],
    ['sluice import list.csv --template promo --language pt_BR --param 1=Nome', 'a template'],
    ['sluice import codes.ndjson --json', 'in a script']
  ])
}
