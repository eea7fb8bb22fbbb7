import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let root

/** A temporary folder that is deleted when the process exits. */
export function scratch () {
  if (root === undefined) {
    root = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
    process.on('exit', () => rmSync(root, { recursive: true, force: true }))
  }
  return mkdtempSync(join(root, 'part-'))
}
