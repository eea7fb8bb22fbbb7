/** The files of the repository, for checks that read them. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Paths from the root, sorted, of all files under a folder that end so. */
export function list (folder: string, ending: string): string[] {
  if (!existsSync(root + folder)) return []
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .map(path => `${folder}/${path}`)
    .filter(path => path.endsWith(ending) && !path.includes('node_modules'))
    .sort()
}

/** Empty where there is no such file: the check that needs it then fails with its own message. */
export function read (path: string): string {
  return existsSync(root + path) ? readFileSync(root + path, 'utf8') : ''
}

export function exists (path: string): boolean {
  return existsSync(root + path)
}

export function lines (path: string): string[] {
  return read(path).replace(/\n$/, '').split('\n')
}
