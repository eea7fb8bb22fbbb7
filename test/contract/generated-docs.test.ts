/** Tables of the docs that `npm run docs` writes from the code are up to date. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { root } from './tree.js'

t.test('npm run docs would change nothing', async t => {
  const { status, stderr } = spawnSync(process.execPath, ['--import=tsx', 'bin/docs.mjs', '--check'], { cwd: root, encoding: 'utf8' })
  t.equal(status, 0, stderr)
})
