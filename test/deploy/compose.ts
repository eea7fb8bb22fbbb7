/** Reads docker-compose.yml as Compose does, and finds errors that its schema cannot find. */
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { exists, list, read } from '../contract/tree.js'

export interface Service {
  image?: string
  build?: string
  command?: string[]
  depends_on?: Record<string, { condition: string, required?: boolean }>
  environment?: Record<string, string | null>
  healthcheck?: { test: string[] }
  networks?: string[]
  ports?: string[]
  profiles?: string[]
  read_only?: boolean
  stop_grace_period?: string
  volumes?: string[]
}

export interface Compose { name: string, services: Record<string, Service>, networks: Record<string, unknown>, volumes: Record<string, unknown> }

/** The file with its variables replaced. Throws the file's own sentence where a required variable is missing. */
export function readCompose (env: Record<string, string>, text = read('docker-compose.yml')): Compose {
  return parse(interpolate(text, env), { merge: true }) as Compose
}

/** `${NAME}`, `${NAME:-standard}` and `${NAME:?sentence}`, where an empty variable counts as missing. */
function interpolate (text: string, env: Record<string, string>): string {
  return text.replaceAll(/^ *#.*$/gm, '').replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string | undefined, rest: string) => {
    const value = env[name] ?? ''
    if (value === '' && kind === '?') throw new Error(`${name}: ${rest}`)
    return value === '' && kind === '-' ? rest : value
  })
}

/** The lines `NAME=value` of an environment file. */
export function readEnv (text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
}

/** A container's environment: a setting without a value takes it from the variables, or is left out. */
export function environmentOf (service: Service, env: Record<string, string>): Record<string, string> {
  const values = Object.entries(service.environment ?? {}).map(([name, value]) => [name, value ?? env[name]])
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Record<string, string>
}

const schema = parse(read('node_modules/dclint/schemas/compose.schema.json')) as Record<string, unknown>
delete schema['$schema']
const formats = { ports: true, expose: true, subnet_ip_address: true, duration: true } as const
const validate = new Ajv({ strict: false, allErrors: true, formats }).compile(schema)

/** Where the file violates the Compose specification. */
export function findSchemaFaults (compose: unknown): string[] {
  if (validate(compose)) return []
  return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`)
}

/** The text of the files that a service mounts from this folder, without comments. */
function filesOf ({ volumes = [] }: Service): string {
  const here = volumes
    .map(volume => volume.split(':')[0] ?? '')
    .filter(source => source.startsWith('./'))
    .map(source => source.slice(2))
  return here
    .flatMap(path => (/\.\w+$/.test(path) ? [path] : list(path, '.yml')))
    .map(path => read(path).replaceAll(/^\s*#.*$|\s#.*$/gm, ''))
    .join('\n')
}

/** Addresses of unknown services, of services in another network or on another port; paths in a container where nothing is mounted. */
export function findInnerFaults ({ services }: Compose, listens: (name: string, service: Service) => number | undefined): string[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const files = filesOf(service)
    const settings = [...service.command ?? [], ...Object.values(service.environment ?? {})].join('\n')
    const volumes = service.volumes ?? []
    return [
      ...[...`${settings}\n${files}`.matchAll(/(?<![\w.:-])([a-z]+):(\d{4,5})\b/g)].flatMap(([address, host = '', port]) => {
        const other = services[host]
        if (other === undefined) return [`${name}: ${address} is not a service`]
        if (!(service.networks ?? []).some(network => other.networks?.includes(network))) return [`${name}: ${host} is in no network of its own`]
        return listens(host, other) === Number(port) ? [] : [`${name}: ${host} does not listen on ${port}`]
      }),
      // A volume is empty at first, so a path in a file must come from this folder.
      ...[
        ...notMounted(settings, volumes),
        ...notMounted(
          files,
          volumes.filter(volume => volume.startsWith('.'))
        )
      ].map(path => `${name}: nothing is mounted at ${path}`)
    ]
  })
}

/** Paths in a text that are not in a volume. */
function notMounted (text: string, volumes: string[]): string[] {
  const targets = volumes.map(volume => volume.split(':')[1] ?? '')
  const paths = [...text.matchAll(/(?<![\w.:/-])\/(?:etc|var\/lib|prometheus|alertmanager)\b[\w./-]*/g)].map(([path]) => path)
  return paths.filter(path => !targets.some(target => path === target || path.startsWith(`${target}/`)))
}

/** Unknown names, missing files, images that are not pinned, ports that other machines can reach. */
export function findReferenceFaults ({ services, networks, volumes }: Compose): string[] {
  return Object.entries(services).flatMap(([name, service]) => [
    ...Object.entries(service.depends_on ?? {}).flatMap(([other, { condition, required }]) => {
      const target = services[other]
      if (target === undefined) return [`${name} depends on ${other}, which does not exist`]
      const healthy = target.healthcheck !== undefined || target.build !== undefined
      return [
        ...(condition === 'service_healthy' && !healthy ? [`${name} waits for the health of ${other}, which has no check`] : []),
        ...(target.profiles !== undefined && required !== false ? [`${name} needs ${other}, which may be missing`] : [])
      ]
    }),
    ...(service.networks ?? []).filter(network => !(network in networks)).map(network => `${name}: network ${network}`),
    ...(service.volumes ?? []).map(volume => volume.split(':')[0] ?? '')
      .filter(source => source.startsWith('.') ? !exists(source.slice(2)) : !(source in volumes)).map(source => `${name}: volume ${source}`),
    ...(service.ports ?? []).filter(port => !port.startsWith('127.0.0.1:')).map(port => `${name}: port ${port}`),
    ...(/:[^:]*\d+\.\d+\.\d+[^:]*$/.test(service.image ?? '') ? [] : [`${name}: image ${service.image ?? 'none'}`])
  ])
}
