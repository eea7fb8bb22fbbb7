import { createHash, randomBytes } from 'node:crypto'
import { type Command, Option } from 'commander'
import { addExamples, isJson } from './context.js'
import { UsageError } from './exit.js'

/** Commands for API keys. They need no gateway: its operator writes the entry into API_KEYS_FILE. */
export function addKeys (program: Command): void {
  const command = program.command('keys').summary('make API keys').description('Makes API keys for the callers of a gateway.')
  const create = command.command('new <name>').summary('make a key')
    .description('Makes a random API key, and prints it with its entry for API_KEYS_FILE, which holds only its hash. Nothing is stored, and no ' +
      'gateway is asked.')
    .addOption(new Option('--role <role>', 'what the key permits').choices(['send', 'read', 'admin']).default('send'))
    .action((name: string, { role }: { role: string }, self: Command) => {
      if (!/^[A-Za-z0-9_-]{1,32}$/.test(name)) throw new UsageError('name: use 1 to 32 letters, digits, - or _')
      const key = `sluice_${randomBytes(32).toString('base64url')}`
      const entry = { name, role, keys: [`sha256:${createHash('sha256').update(key).digest('hex')}`] }
      const text = isJson(self) ? JSON.stringify({ key, entry }) : `key:    ${key}\nentry:  ${JSON.stringify(entry)}`
      process.stdout.write(`${text}\n`)
    })
  addExamples(create, [['sluice keys new shop', 'give the key to the caller, and add the entry to API_KEYS_FILE']])
}
