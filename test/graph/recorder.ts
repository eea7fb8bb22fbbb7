/** A proxy before the gateway, with TLS or without, that forwards everything unchanged and records the requests. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

export interface Recorded { method: string, path: string, agent: string, coding: string, body: Record<string, unknown> }

export interface Recorder {
  port: number
  /** The requests since the last call. */
  drain: () => Recorded[]
}

/** A self-signed certificate for localhost, in a directory that is removed after the test. */
export function createCertificate (t: Pick<Test, 'teardown'>): { cert: string, key: string, file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-cert-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const [file, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      keyFile,
      '-out',
      file
    ],
    { stdio: 'pipe' }
  )
  return { cert: readFileSync(file, 'utf8'), key: readFileSync(keyFile, 'utf8'), file }
}

export async function startRecorder (t: Pick<Test, 'teardown'>, origin: string, tls?: { cert: string, key: string }): Promise<Recorder> {
  const seen: Recorded[] = []
  const forward = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const chunks: Buffer[] = []
    const { headers, method = '', url = '' } = request
    const forwarded = http.request(origin + url, { method, headers }, reply => {
      response.writeHead(reply.statusCode ?? 0, reply.headers)
      reply.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({
        method,
        path: url,
        agent: headers['user-agent'] ?? '',
        coding: headers['transfer-encoding'] ?? `content-length ${headers['content-length'] ?? 'none'}`,
        body: JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>
      })
    })
    request.pipe(forwarded)
  }
  const server = tls === undefined ? http.createServer(forward) : https.createServer(tls, forward)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, drain: () => seen.splice(0) }
}
