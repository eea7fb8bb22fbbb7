/** What a test needs beside npm packages: installed or built on first use, by one process at a time. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from '../contract/tree.js'

type Part = 'build' | 'redis' | 'monitoring' | 'browser' | 'clock' | 'valgrind' | 'php' | 'pyright'

interface Setup { provide: (part: Part) => Promise<void> }

/**
 * `build` is dist/, `monitoring` Prometheus and Alertmanager, `browser` Chromium, `clock` what sets the clock of a
 * redis-server, `valgrind` counts instructions, `php` runs examples,
 * `pyright` checks types of Python. All from `monitoring` to `php` may stay missing: a test that needs them is then skipped.
 */
export async function provide (part: Part): Promise<void> {
  // By a name that no compiler follows: bin/ is JavaScript without types.
  const { provide } = await import(`${root}bin/setup.mjs`) as Setup
  await provide(part)
}

/** The path of an executable file; null where there is none. */
export function onPath (name: string): string | null {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, name))
  return candidates.find(isExecutable) ?? null
}

function isExecutable (file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
