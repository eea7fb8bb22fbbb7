/**
 * The callers: connections that send their next request after each response (closed loop), or with `rate` when it
 * is due, with latency from then (open loop). As little work per request as possible, since they share a core with Redis.
 */
import { connect } from 'node:net'
import { serve } from '../kit/child.mjs'
import { TEXT } from '../kit/text.mjs'

/** One body of some 300 bytes; every number in it has the same length. */
function bodyOf ({ tag, recipients, senders, campaign }, n) {
  const sender = senders.length < 2 ? '' : `"sender":"${senders[n % senders.length]}",`
  const named = campaign === '' ? '' : `"campaign":"${campaign}",`
  return `{${sender}${named}"to":"+1777${String(n % recipients).padStart(7, '0')}",` +
    `"message":"${TEXT}","idempotencyKey":"${tag}-${String(n).padStart(8, '0')}"}`
}

function contentOf (how, n) {
  return how.batch === 0 ? bodyOf(how, n) : `[${Array.from({ length: how.batch }, (_, row) => bodyOf(how, n * how.batch + row)).join(',')}]`
}

/**
 * Runs until `seconds` are over or `count` requests have their response. Counts messages, in batches the rows; latencies are of requests, in ms.
 * Bodies are numbered from `from`, so that recipients and keys continue from run to run.
 */
async function run ({
  url,
  headers = {},
  connections = 64,
  seconds = Infinity,
  count = Infinity,
  rate = 0,
  batch = 0,
  tag,
  from = 0,
  recipients = 10_000,
  senders = [],
  campaign = ''
}) {
  const how = { tag, recipients, senders, campaign, batch }
  const { hostname, port, pathname } = new URL(url)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `POST ${pathname} HTTP/1.1\r\nhost: bench\r\n${lines}content-type: application/json\r\n` +
    `content-length: ${contentOf(how, from).length}\r\n\r\n`
  const latencies = []
  const statuses = {}
  const sockets = await Promise.all(Array.from({ length: connections }, async () => await open(port, hostname)))
  const startedAt = performance.now()
  let asked = 0
  let accepted = 0
  await new Promise((resolve, reject) => {
    let underway = 0
    let isOver = false
    let timer
    const idle = []
    const end = () => {
      isOver = true
      if (underway > 0) return
      clearTimeout(timer)
      resolve()
    }
    const next = socket => {
      if (isOver || asked >= count || performance.now() - startedAt >= seconds * 1000) return end()
      if (rate > 0 && asked >= (performance.now() - startedAt) / 1000 * rate) return idle.push(socket)
      socket.at = rate > 0 ? startedAt + asked / rate * 1000 : performance.now()
      underway++
      socket.write(head + contentOf(how, from + asked++), 'latin1')
    }
    for (const socket of sockets) {
      listen(socket, (status, response) => {
        latencies.push(performance.now() - socket.at)
        accepted += batch === 0 ? Number(status[0] === '2') : rowsIn(response)
        statuses[status] = (statuses[status] ?? 0) + 1
        underway--
        next(socket)
      }, reject)
    }
    if (rate > 0) {
      const tick = () => {
        for (const socket of idle.splice(0)) next(socket)
        if (isOver && underway === 0) return
        timer = setTimeout(tick, 1)
      }
      tick()
    }
    sockets.forEach(next)
  })
  const lasted = (performance.now() - startedAt) / 1000
  for (const socket of sockets) socket.destroy()
  latencies.sort((a, b) => a - b)
  const percentile = share => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))]
  return {
    asked: asked * Math.max(1, batch),
    used: asked * Math.max(1, batch),
    accepted,
    statuses,
    seconds: lasted,
    perSecond: accepted / lasted,
    ms: { p50: percentile(0.5), p99: percentile(0.99), p999: percentile(0.999) }
  }
}

async function open (port, hostname) {
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket
}

/** Reads each complete response. Nearly all arrive in one chunk, of which only status and length are read. */
function listen (socket, onResponse, onError) {
  let kept = null
  socket.on('data', data => {
    if (kept !== null) data = Buffer.concat([kept, data])
    const head = data.indexOf('\r\n\r\n')
    const length = head < 0 ? -1 : lengthOf(data, head)
    if (length < 0 || data.length < head + 4 + length) {
      kept = data
      return
    }
    kept = null
    onResponse(data.latin1Slice(9, 12), data)
  })
  socket.on('error', onError)
  socket.on('close', () => onError(new Error('a connection was closed')))
}

/** Rows of a batch that were accepted. */
function rowsIn (response) {
  let rows = 0
  for (let i = response.indexOf('"httpStatus":202'); i >= 0; i = response.indexOf('"httpStatus":202', i + 16)) rows++
  return rows
}

function lengthOf (data, head) {
  const start = data.indexOf('content-length: ')
  return start < 0 || start > head ? -1 : Number.parseInt(data.latin1Slice(start + 16, start + 26), 10)
}

serve({ run })
