/** Reads the manifests of grafana/kubernetes and checks their types. */
import ts from 'typescript'
import { parseAllDocuments } from 'yaml'
import { list, read, root } from '../contract/tree.js'

export interface Labels { [name: string]: string }

/** The part of an object that the tests read; `findTypeFaults` checks the whole object. */
export interface Manifest {
  file: string
  apiVersion: string
  kind: string
  metadata: { name: string, labels: Labels }
  spec: Record<string, any>
  data?: Record<string, string>
}

/** Every object of a file, or of all files that the kustomization names. */
export function readManifests (file?: string): Manifest[] {
  const files = file === undefined ? (parseAll('kustomization.yml')[0] as { resources: string[] }).resources : [file]
  return files.flatMap(name => parseAll(name).map(object => ({ ...object as Manifest, file: name })))
}

/** All YAML files of the folder, without the folder. */
export function listManifests (): string[] {
  return list('grafana/kubernetes', '.yml').map(path => path.replace('grafana/kubernetes/', ''))
}

function parseAll (file: string): unknown[] {
  return parseAllDocuments(read(`grafana/kubernetes/${file}`)).map(document => {
    if (document.errors.length > 0) throw document.errors[0]
    return document.toJS() as unknown
  })
}

/**
 * What the compiler has against objects that are typed as their `apiVersion` and `kind`: fields that don't exist, fields that
 * are missing, values of another kind. It sees the objects as literals, so that it finds misspelt fields at any depth.
 */
export function findTypeFaults (manifests: Manifest[]): string[] {
  const source = manifests
    .map(
      ({ file, ...object }, i) =>
        `// ${file}\nexport const object${i}: import('kubernetes-types/${moduleOf(object.apiVersion)}').${object.kind} = ${JSON.stringify(object)}`
    )
    .join('\n')
  const path = `${root}test/deploy/manifests.ts`
  const host = ts.createCompilerHost({})
  const readSource = host.getSourceFile.bind(host)
  host.getSourceFile = (name, options, ...more) => (name === path ? ts.createSourceFile(name, source, options) : readSource(name, options, ...more))
  const program = ts.createProgram(
    [path],
    { strict: true, noEmit: true, skipLibCheck: true, types: [], module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
    host
  )
  const file = program.getSourceFile(path)
  return ts.getPreEmitDiagnostics(program, file).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

/** `apps/v1` is a module of that name; a version without a group is in `core`. */
function moduleOf (apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.replace('.k8s.io', '') : `core/${apiVersion}`
}

/** Whether labels satisfy a selector. */
export function matches (selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value)
}
