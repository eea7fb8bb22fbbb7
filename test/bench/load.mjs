#!/usr/bin/env node
/**
 * A load generator in a process of its own, so that a slow gateway does not slow it down. Open loop: a request is
 * due at a fixed time, independent of earlier responses, and its latency counts from then; if no connection is free within
 * `poolMs`, it is given up, as callers with a connection pool do. With `rate` 0 closed loop: each connection sends its next request after a response.
 *
 *     node test/bench/load.mjs '{"origin":"http://127.0.0.1:3000","key":"…","rate":2000,"seconds":10,"connections":300,"tag":"a"}'
 *
 * Prints one line of JSON: counts of requests and responses, latency of accepted requests from their due time and from the request, and their
 * numbers.
 */
import { connect } from 'node:net'

const { origin, key, rate, seconds, connections, tag, recipients = 1e6, timeoutMs = 20_000, poolMs = 1000 } = JSON.parse(process.argv[2])
const { hostname, port } = new URL(origin)
const result = { asked: 0, statuses: {}, codes: {}, faults: {}, withoutRetryAfter: 0, givenUp: 0, accepted: [] }
const latencies = []
const requestLatencies = []
/** In order; those before `next` have been sent. They stay in the array, because removing the first one moves a million entries. */
const due = []
let next = 0
function hasDue () {
  const since = performance.now() - poolMs
  for (; next < due.length && due[next].at < since; next++) result.givenUp++
  return next < due.length
}
const free = new Set()
let startedAt = Infinity
let underway = 0
let isOver = false
let opened = 0

function ask (connection, request) {
  const body = JSON.stringify({
    to: `+1777${String(request.number % recipients).padStart(7, '0')}`,
    message: `${tag}/${request.number}`,
    idempotencyKey: `${tag}/${request.number}`
  })
  connection.request = request
  connection.askedAt = performance.now()
  connection.text = ''
  underway++
  connection.socket.write(
    `POST /api/v1/messages HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`
  )
}

function receive (connection) {
  const end = connection.text.indexOf('\r\n\r\n')
  if (end < 0 || connection.request === null) return
  const head = connection.text.slice(0, end)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (connection.text.length < end + 4 + length) return
  const { request } = connection
  const status = head.slice(9, 12)
  result.statuses[status] = (result.statuses[status] ?? 0) + 1
  if (status === '200' || status === '202') {
    result.accepted.push(request.number)
    const now = performance.now()
    latencies.push(now - request.at)
    requestLatencies.push(now - connection.askedAt)
  } else {
    const { code } = JSON.parse(connection.text.slice(end + 4))
    result.codes[code] = (result.codes[code] ?? 0) + 1
    if (!/\r\nretry-after: [1-9]/i.test(head)) result.withoutRetryAfter++
  }
  connection.request = null
  underway--
  if (/\r\nconnection: close/i.test(head)) connection.socket.destroy()
  else assign(connection)
}

/** A free connection takes the request that has been due for the longest time. */
function assign (connection) {
  const request = rate === 0 ? !isOver && { number: result.asked++, at: performance.now() } : hasDue() && due[next++]
  if (request) ask(connection, request)
  else free.add(connection)
}

function open () {
  const connection = { socket: connect(Number(port), hostname), text: '', request: null }
  connection.socket.setNoDelay(true)
  connection.socket.on('connect', () => {
    if (startedAt < Infinity) assign(connection)
    else if (free.add(connection).size === connections) start()
  })
  connection.socket.on('data', data => {
    connection.text += data
    receive(connection)
  })
  connection.socket.on('error', error => { connection.fault = error.code })
  connection.socket.on('close', () => {
    free.delete(connection)
    if (connection.request !== null) {
      underway--
      const fault = connection.fault ?? 'closed'
      result.faults[fault] = (result.faults[fault] ?? 0) + 1
    }
    if (!isOver || hasDue()) open()
  })
}

/** Starts when all connections are open, so that connecting is not measured. */
function start () {
  startedAt = performance.now()
  const all = [...free]
  free.clear()
  all.forEach(assign)
}

// A few at a time, because the server's accept backlog is short.
const opener = setInterval(() => {
  for (let i = 0; i < 50 && opened < connections; i++, opened++) open()
  if (opened === connections) clearInterval(opener)
}, 10)
const timer = setInterval(() => {
  if (startedAt === Infinity) return
  const elapsed = performance.now() - startedAt
  if (elapsed > seconds * 1000) isOver = true
  const wanted = Math.floor(rate * Math.min(elapsed, seconds * 1000) / 1000)
  if (rate > 0) for (; result.asked < wanted; result.asked++) due.push({ number: result.asked, at: startedAt + result.asked / rate * 1000 })
  for (const connection of free) {
    if (!hasDue()) break
    free.delete(connection)
    ask(connection, due[next++])
  }
  if (isOver && ((!hasDue() && underway === 0) || elapsed > seconds * 1000 + timeoutMs)) finish()
}, 2)

function finish () {
  clearInterval(timer)
  const spread = times => {
    times.sort((a, b) => a - b)
    const at = share => Math.round(times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0)
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
  }
  const unanswered = underway + due.length - next
  const tookS = (performance.now() - startedAt) / 1000
  process.stdout.write(
    `${JSON.stringify({ ...result, unanswered, seconds: tookS, ms: spread(latencies), askedMs: spread(requestLatencies) })}\n`,
    () => process.exit(0)
  )
}
