/** The manifests for Kubernetes, as far as they can be tested without a cluster. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { ConfigSchema, readConfig } from '../../src/config.js'
import { read } from '../contract/tree.js'
import { startNode, routesOf } from '../support/gateway.js'
import { startRedis } from '../support/redis.js'
import { imageEnv } from './image.js'
import { findTypeFaults, listManifests, matches, readManifests, type Manifest } from './kubernetes.js'

interface Container {
  env: Array<{ name: string, value: string }>
  envFrom: Array<{ configMapRef: { name: string } }>
  image: string
  ports: Array<{ name: string, containerPort: number }>
  volumeMounts: Array<{ name: string, mountPath: string }>
  lifecycle: { preStop: { exec: { command: string[] } } }
  startupProbe: Probe
  livenessProbe: Probe
  readinessProbe: Probe
}
interface Probe { httpGet: { path: string, port: string } }

const manifests = readManifests()
const of = (kind: string): Manifest[] => manifests.filter(manifest => manifest.kind === kind)
const deployments = of('Deployment').map(manifest => ({
  name: manifest.metadata.name,
  labels: manifest.spec['template'].metadata.labels,
  pod: manifest.spec['template'].spec,
  container: manifest.spec['template'].spec.containers[0] as Container
}))

await t.test('every object has the type of its kind, and the check finds deviations', async t => {
  t.strictSame(manifests.map(({ kind }) => kind).sort(), [
    'ConfigMap',
    'Deployment',
    'Deployment',
    'HorizontalPodAutoscaler',
    'NetworkPolicy',
    'PodDisruptionBudget',
    'PodDisruptionBudget',
    'Service'
  ])
  t.strictSame(findTypeFaults(manifests), [])
  const broken = structuredClone(of('Deployment'))
  broken[0]!.spec['template'].spec.containers[0].readynessProbe = {}
  delete broken[1]!.spec['selector']
  const faults = findTypeFaults(broken).join('\n')
  t.match(faults, /'"readynessProbe"' does not exist in type 'Container'/)
  t.match(faults, /Property 'selector' is missing/)
})

await t.test('every file is in the kustomization or documented as left out', async t => {
  const paper = read('docs/deploying.md')
  t.strictSame(listManifests().filter(file => file !== 'kustomization.yml' && !paper.includes(`\`${file}\``)), [])
})

await t.test('selectors match the intended pods and no others', async t => {
  const selectors: Array<[Manifest, Record<string, string>]> = [
    ...of('Service').map(one => [one, one.spec['selector']] as [Manifest, Record<string, string>]),
    ...[...of('PodDisruptionBudget'), ...of('Deployment')].map(one => [one, one.spec['selector'].matchLabels] as [Manifest, Record<string, string>])
  ]
  for (const [{ kind, metadata }, selector] of selectors) {
    const found = deployments.filter(({ labels }) => matches(selector, labels)).map(({ name }) => name)
    t.strictSame(found, [metadata.name === 'sluice' ? 'sluice-gateway' : metadata.name], `${kind} ${metadata.name}`)
  }
  const all = [...of('NetworkPolicy').map(({ spec }) => spec['podSelector']), ...readManifests('pod-monitor.yml').map(({ spec }) => spec['selector'])]
  for (const { matchLabels } of all) t.ok(deployments.every(({ labels }) => matches(matchLabels, labels)))
})

await t.test('every named port exists in the pods', async t => {
  const names = [
    ...of('Service').flatMap(({ spec }) => spec['ports'].map((port: { targetPort: string }) => port.targetPort)),
    ...of('NetworkPolicy').flatMap(({ spec }) =>
      spec['ingress'].flatMap((rule: { ports: Array<{ port: string }> }) => rule.ports.map(({ port }) => port))
    ),
    ...readManifests('pod-monitor.yml').flatMap(({ spec }) => spec['podMetricsEndpoints'].map(({ port }: { port: string }) => port))
  ]
  for (const { container } of deployments) {
    t.strictSame(container.ports, [{ name: 'http', containerPort: Number(imageEnv()['PORT']) }])
    t.strictSame(names.filter(name => !container.ports.some(port => port.name === name)), [])
  }
})

await t.test('probes and Prometheus use paths that both roles serve', async t => {
  const redis = await startRedis(t)
  const asked = readManifests('pod-monitor.yml').flatMap(({ spec }) => spec['podMetricsEndpoints'].map(({ path }: { path: string }) => path))
  for (const { container } of deployments) {
    const { app } = (await startNode(t, { redisUrl: redis.url, apiUrl: 'http://127.0.0.1:9/v25.0', env: { ROLE: container.env[0]?.value ?? '' } }))
      .gateway
    for (const path of [
      ...asked,
      ...[container.startupProbe, container.livenessProbe, container.readinessProbe].map(({ httpGet }) => httpGet.path)
    ]) {
      t.ok(routesOf(app).includes(`GET ${path}`), path)
    }
  }
})

await t.test('each role accepts the settings of its pod', async t => {
  const secrets = await writeSecrets(t)
  for (const { name, pod, container } of deployments) {
    const mount = container.volumeMounts[0]?.mountPath ?? ''
    t.match(pod.volumes, [{ name: container.volumeMounts[0]?.name, secret: { secretName: 'sluice' } }])
    const { data = {} } = of('ConfigMap').find(({ metadata }) => metadata.name === container.envFrom[0]?.configMapRef.name) ?? {}
    const env = { ...data, ...Object.fromEntries(container.env.map(({ name, value }) => [name, value])) }
    t.strictSame(Object.keys(env).filter(name => !(name.replace(/_FILE$/, '') in ConfigSchema.properties)), [], name)
    const here = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace(mount, secrets)]))
    t.match(readConfig({ ...imageEnv(), ...here }), {
      ROLE: name === 'sluice-gateway' ? 'api' : 'worker',
      HOST: '0.0.0.0',
      REDIS_URL: 'redis://redis:6379',
      API_KEYS: [{ caller: { name: 'ops', role: 'admin' } }],
      sandbox: false,
      embeddedRedis: false
    })
  }
})

await t.test('a pod has more time to stop than it needs', async t => {
  for (const { pod, container } of deployments) {
    const [program, seconds] = container.lifecycle.preStop.exec.command
    t.equal(program, 'sleep')
    t.ok(pod.terminationGracePeriodSeconds * 1000 > Number(seconds) * 1000 + readConfig({}).SHUTDOWN_GRACE_MS + 5000)
  }
})

await t.test('pods do not run as root and have a read-only file system', async t => {
  for (const { pod, container } of deployments) {
    t.match(pod.securityContext, { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } })
    t.match(container, { securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } } })
  }
})

await t.test('pods use the image of the kustomization', async t => {
  const { images } = parse(read('grafana/kubernetes/kustomization.yml')) as { images: Array<{ name: string }> }
  t.ok(deployments.every(({ container }) => container.image === images[0]?.name))
})

await t.test('workers are scaled by a metric that the gateway serves, under the name that the adapter gives it', async t => {
  const [autoscaler] = of('HorizontalPodAutoscaler')
  t.ok(
    of('Deployment').some(
      ({ apiVersion, metadata }) =>
        autoscaler?.spec['scaleTargetRef'].name === metadata.name && autoscaler.spec['scaleTargetRef'].apiVersion === apiVersion
    )
  )
  const { rules } = parse(read('grafana/kubernetes/prometheus-adapter.yml')) as {
    rules: { external: Array<{ seriesQuery: string; metricsQuery: string; name: { as: string } }> }
  }
  const rule = rules.external[0]!
  t.equal(autoscaler?.spec['metrics'][0].external.metric.name, rule.name.as)

  const series = /^\w+/.exec(rule.seriesQuery)?.[0] ?? ''
  const query = rule.metricsQuery.replace('<<.Series>>', series).replace('<<.LabelMatchers>>', 'namespace="default"')
  for (const promql of [rule.seriesQuery, query]) t.notOk(hasFault(promql), promql)
  t.ok(hasFault(`${query}}`), 'the parser finds invalid PromQL')

  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url, apiUrl: 'http://127.0.0.1:9/v25.0', env: { ROLE: 'worker' } })
  t.match(await (await fetch(`${node.origin}/metrics`)).text(), new RegExp(`^${series}\\{`, 'm'))
})

function hasFault (promql: string): boolean {
  let found = false
  parser.parse(promql).iterate({ enter: node => { found ||= node.type.isError } })
  return found
}

/** The values of the Secret as files, as the kubelet mounts them. */
async function writeSecrets (t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-secret-'))
  t.teardown(async () => await rm(folder, { recursive: true, force: true }))
  await mkdir(folder, { recursive: true })
  const command = /kubectl create secret generic sluice ((?:.*\\\n)*.*)/.exec(read('docs/deploying.md'))?.[1] ?? ''
  const values: Record<string, string> = {
    'redis-url': 'redis://redis:6379',
    'api-keys': 'ops:0123456789abcdef:admin',
    'whatsapp-access-token': 'EAAtoken'
  }
  for (const [, name = ''] of command.matchAll(/--from-literal=([\w-]+)=/g)) await writeFile(join(folder, name), `${values[name] ?? ''}\n`)
  return folder
}
