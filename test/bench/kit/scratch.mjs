import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let root

/** A folder of its own, which goes with the process, however it ends. */
export function scratch () {
  if (root === undefined) {
    root = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
    process.on('exit', () => rmSync(root, { recursive: true, force: true }))
  }
  return mkdtempSync(join(root, 'part-'))
}
