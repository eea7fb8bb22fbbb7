/**
 * Follows the Dockerfile without Docker: each stage is a folder that stands for the image's root. Instructions that a folder cannot follow
 * are rejected, so that the Dockerfile cannot use what no test covers.
 */
import { spawn } from 'node:child_process'
import { cp, mkdir, readFile, readdir } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { read } from '../contract/tree.js'

export interface Image {
  /** The folder that stands for `/`. */
  root: string
  /** The base image, with its tag. */
  from: string
  workdir: string
  env: Record<string, string>
  user: string
  stopSignal: string
  command: string[]
  healthcheck: string[]
}

interface Instruction { word: string, rest: string }

/** Follows all stages in `folder`; the last one is the image. `seed` may put something into a stage's working folder before a RUN. */
export async function build (context: string, folder: string, seed: (workdir: string) => Promise<void>): Promise<Image> {
  const stages = new Map<string, Image>()
  let image: Image | undefined
  for (const { word, rest } of parse(await readFile(join(context, 'Dockerfile'), 'utf8'))) {
    if (word === 'FROM') {
      const [from = '', name = `stage-${stages.size}`] = rest.split(/ AS /i)
      image = { root: join(folder, name), from, workdir: '/', env: {}, user: 'root', stopSignal: 'SIGTERM', command: [], healthcheck: [] }
      await mkdir(image.root)
      stages.set(name, image)
      continue
    }
    if (image === undefined) throw new Error(`${word} before FROM`)
    await follow({ word, rest }, { image, stages, context, seed })
  }
  if (image === undefined) throw new Error('no stage')
  return image
}

async function follow ({ word, rest }: Instruction, { image, stages, context, seed }: {
  image: Image, stages: Map<string, Image>, context: string, seed: (workdir: string) => Promise<void>
}): Promise<void> {
  const here = join(image.root, image.workdir)
  switch (word) {
    case 'WORKDIR':
      image.workdir = rest
      await mkdir(join(image.root, rest), { recursive: true })
      return
    case 'ENV':
      Object.assign(image.env, readAssignments(rest))
      return
    case 'COPY': {
      const [, from, names = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(rest) ?? []
      const sources = names.split(' ')
      const target = join(here, sources.pop() ?? '')
      const stage = from === undefined ? null : stages.get(from)
      if (stage === undefined) throw new Error(`no stage ${from}`)
      for (const source of sources) {
        if (stage === null) await refuseIgnored(context, source)
        const path = stage === null ? join(context, source) : join(stage.root, source)
        // Like Docker: a file is copied into a folder, and of a folder its content.
        await cp(path, target.endsWith('/') ? join(target, source.split('/').at(-1) ?? '') : target, { recursive: true, verbatimSymlinks: true })
      }
      return
    }
    case 'RUN':
      await seed(here)
      await run(['/bin/sh', '-c', rest], here, image.env)
      return
    case 'USER': image.user = rest; return
    case 'STOPSIGNAL': image.stopSignal = rest; return
    case 'EXPOSE': return
    case 'CMD': image.command = JSON.parse(rest) as string[]; return
    case 'HEALTHCHECK': image.healthcheck = JSON.parse(rest.replace(/^.*?\bCMD /, '')) as string[]; return
    default: throw new Error(`this build does not know ${word}`)
  }
}

/** Instructions without comments, each on one line. */
export function parse (text: string): Instruction[] {
  return text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n\s*/g, '').split('\n').filter(line => line.trim() !== '').map(line => {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? []
    return { word, rest }
  })
}

function readAssignments (text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]))
}

/** The environment that the image sets. */
export function imageEnv (): Record<string, string> {
  return Object.assign(
    {},
    ...parse(read('Dockerfile'))
      .filter(({ word }) => word === 'ENV')
      .map(({ rest }) => readAssignments(rest))
  ) as Record<string, string>
}

/** What is sent to Docker of the context's top level: `*` excludes all, `!name` includes one. */
export async function sentToDocker (context: string): Promise<string[]> {
  const rules = (await readFile(join(context, '.dockerignore'), 'utf8')).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  if (rules[0] !== '*' || rules.slice(1).some(rule => !/^![\w.-]+$/.test(rule))) throw new Error('.dockerignore is not a list of what may go in')
  return (await readdir(context)).filter(name => rules.includes(`!${name}`))
}

async function refuseIgnored (context: string, source: string): Promise<void> {
  if (!(await sentToDocker(context)).includes(source)) throw new Error(`${source} is not sent to Docker`)
}

/** Runs a command to its end and returns its output. Throws with the output where it fails. */
export async function run ([program = '', ...args]: string[], cwd: string, env: Record<string, string> = {}): Promise<string> {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { output += String(data) })
  const [code] = await once(child, 'close') as [number | null]
  if (code !== 0) throw new Error(`${[program, ...args].join(' ')}: ${code}\n${output}`)
  return output
}
