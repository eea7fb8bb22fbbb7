/** A proxy that only connects, for hosts with names that nothing else resolves. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface Proxy { url: string, connects: IncomingMessage[] }

/** Connects every name to this machine; responds to CONNECT with `status`, or never if it is 0. */
export async function startProxy (t: Test, status = 200): Promise<Proxy> {
  const connects: IncomingMessage[] = []
  const sockets = new Set<Socket>()
  const server = createServer((_, response) => response.writeHead(500).end('only CONNECT'))
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    connects.push(request)
    sockets.add(client)
    client.on('error', () => {})
    if (status === 0) return
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const remote = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      remote.pipe(client).pipe(remote)
    })
    sockets.add(remote)
    remote.on('error', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connects }
}
