/** docs/cli.md: the commands of each block work, one after another, and print what it says. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { read } from '../contract/tree.js'
import { createGround } from '../support/flow.js'
import { keys } from '../support/gateway.js'
import { shell } from './run.js'

const ground = await createGround(t)
const blocks = (language: string): string[] => [...read('docs/cli.md').matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(([, block = '']) => block)

await t.test('every command of the page does what it says', async t => {
  const node = await ground.start(t, { WHATSAPP_PHONE_NUMBER_ID: '100000000000001' })
  const cwd = t.testdir()
  writeFileSync(join(cwd, 'campaign.csv'), blocks('csv')[0] ?? '')
  const commands = blocks('sh').map(block => block.trimEnd().split('\n').filter(line => line.startsWith('npx sluice ')))
  t.ok(commands.flat().length > 10)
  let imported = ''
  await Promise.all(commands.map(async block => {
    for (const command of block) {
      const { code, out, err } = await shell({ origin: node.origin, key: keys.operator, cwd }, command)
      t.strictSame({ code, err }, { code: command.includes(' import ') ? 5 : 0, err: '' }, command)
      if (command.includes(' import ')) imported += out
    }
  }))
  t.ok(read('docs/cli.md').includes(`\n\`\`\`\n${imported}\`\`\`\n`), imported)
})
