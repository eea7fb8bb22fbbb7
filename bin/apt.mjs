/** Programs of Debian packages, unpacked into `.data` and started by wrappers in `.data/bin`: the system stays as it is, and root is not needed. */
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { at, codeOf, files, isExecutable, onPath, output, run, succeeds } from './kit.mjs'

/**
 * Unpacks packages into `.data/<folder>/root` unless they are there, and writes a wrapper for each program, a path below that root.
 * With `withLibraries` the libraries that the system lacks come too; `environment` is a line of sh before the start, `version` the option that
 * prints a version, `code` how the program ends then.
 * False where apt does not offer the packages, or what it offers does not run here.
 */
export async function unpackPrograms ({ folder, packages, programs, withLibraries = false, environment = '', version = '--version', code = 0 }, say) {
  if (!onPath('apt-get') || !onPath('dpkg-deb')) return false
  const cwd = at('.data', folder)
  const isUnpacked = () => programs.every(program => isExecutable(join(cwd, 'root', program)))
  if (!isUnpacked()) {
    say(`unpacking ${packages.join(' and ')} into .data/${folder}`)
    mkdirSync(cwd, { recursive: true })
    const unpack = async () => await download(withLibraries ? await missingPackages(packages) : packages, cwd)
    // The lists of apt may be missing or old.
    if (!await unpack()) await succeeds([...process.getuid?.() === 0 ? [] : ['sudo', '-n'], 'apt-get', 'update']) && await unpack()
    if (!isUnpacked()) return false
  }
  const wrappers = programs.map(program => wrap(cwd, program, environment))
  for (const wrapper of wrappers) {
    if (await codeOf([wrapper, version]) === code) continue
    for (const one of wrappers) rmSync(one)
    return false
  }
  return true
}

/** What apt would install for these packages: themselves and the libraries that the system lacks. */
async function missingPackages (packages) {
  const plan = await output(['apt-get', '-s', 'install', '--no-install-recommends', ...packages])
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(match => match[1])
}

async function download (packages, cwd) {
  if (packages.length === 0 || !await succeeds(['apt-get', 'download', ...packages], { cwd })) return false
  for (const name of readdirSync(cwd).filter(name => name.endsWith('.deb'))) {
    await run(['dpkg-deb', '-x', name, 'root'], `dpkg-deb cannot unpack ${name}`, { cwd })
    rmSync(join(cwd, name))
  }
  return true
}

/** The wrapper replaces itself by the program, so its pid is the program's. */
function wrap (cwd, program, environment) {
  const bin = at('.data', 'bin')
  const wrapper = join(bin, basename(program))
  const libraries = ['usr/lib', 'lib'].flatMap(dir => files(join(cwd, 'root', dir)))
    .filter(file => /\.so(\.|$)/.test(file)).map(file => `$root/${relative(join(cwd, 'root'), join(file, '..'))}`)
  mkdirSync(bin, { recursive: true })
  rmSync(wrapper, { force: true })
  writeFileSync(wrapper, `#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/${relative(bin, join(cwd, 'root'))}
${environment}
LD_LIBRARY_PATH="${[...new Set(libraries)].join(':')}" exec "$root/${program}" "$@"
`)
  chmodSync(wrapper, 0o755)
  return wrapper
}
