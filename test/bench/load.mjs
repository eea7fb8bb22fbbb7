#!/usr/bin/env node
/**
 * Load on a gateway, from a process of its own, so that it does not slow down with what it measures. Open loop: a request is
 * due at its moment whatever became of those before it, and its time counts from then; one that no connection is free for within
 * `poolMs` is given up, as callers with a pool of connections do. With `rate` 0 closed loop: each connection asks as soon as it has its answer.
 *
 *     node test/bench/load.mjs '{"origin":"http://127.0.0.1:3000","key":"…","rate":2000,"seconds":10,"connections":300,"tag":"a"}'
 *
 * Prints one line of JSON: what was asked and answered, ms to the answer of what was accepted, from its moment and from its asking, numbers of what was accepted.
 */
import { connect } from 'node:net'

const { origin, key, rate, seconds, connections, tag, recipients = 1e6, patienceMs = 20_000, poolMs = 1000 } = JSON.parse(process.argv[2])
const { hostname, port } = new URL(origin)
const told = { asked: 0, statuses: {}, codes: {}, faults: {}, withoutRetryAfter: 0, givenUp: 0, accepted: [] }
const took = []
const tookAsked = []
/** In order; those before `next` have been asked. Not shifted: that moves a million entries for each. */
const due = []
let next = 0
function hasDue () {
  const since = performance.now() - poolMs
  for (; next < due.length && due[next].at < since; next++) told.givenUp++
  return next < due.length
}
const free = new Set()
let began = Infinity
let underway = 0
let isOver = false
let opened = 0

function ask (line, request) {
  const body = JSON.stringify({ to: `+1777${String(request.number % recipients).padStart(7, '0')}`, message: `${tag}/${request.number}`, idempotencyKey: `${tag}/${request.number}` })
  line.request = request
  line.askedAt = performance.now()
  line.text = ''
  underway++
  line.socket.write(`POST /api/v1/messages HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
}

function hear (line) {
  const end = line.text.indexOf('\r\n\r\n')
  if (end < 0 || line.request === null) return
  const head = line.text.slice(0, end)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (line.text.length < end + 4 + length) return
  const { request } = line
  const status = head.slice(9, 12)
  told.statuses[status] = (told.statuses[status] ?? 0) + 1
  if (status === '200' || status === '202') {
    told.accepted.push(request.number)
    const now = performance.now()
    took.push(now - request.at)
    tookAsked.push(now - line.askedAt)
  } else {
    const { code } = JSON.parse(line.text.slice(end + 4))
    told.codes[code] = (told.codes[code] ?? 0) + 1
    if (!/\r\nretry-after: [1-9]/i.test(head)) told.withoutRetryAfter++
  }
  line.request = null
  underway--
  if (/\r\nconnection: close/i.test(head)) line.socket.destroy()
  else take(line)
}

/** A free connection takes what is due for the longest time. */
function take (line) {
  const request = rate === 0 ? !isOver && { number: told.asked++, at: performance.now() } : hasDue() && due[next++]
  if (request) ask(line, request)
  else free.add(line)
}

function open () {
  const line = { socket: connect(Number(port), hostname), text: '', request: null }
  line.socket.setNoDelay(true)
  line.socket.on('connect', () => {
    if (began < Infinity) take(line)
    else if (free.add(line).size === connections) start()
  })
  line.socket.on('data', data => {
    line.text += data
    hear(line)
  })
  line.socket.on('error', error => { line.fault = error.code })
  line.socket.on('close', () => {
    free.delete(line)
    if (line.request !== null) {
      underway--
      const fault = line.fault ?? 'closed'
      told.faults[fault] = (told.faults[fault] ?? 0) + 1
    }
    if (!isOver || hasDue()) open()
  })
}

/** Once all connections stand, so that what is measured is answering and not connecting. */
function start () {
  began = performance.now()
  const all = [...free]
  free.clear()
  all.forEach(take)
}

// A few at a time: the port's queue of connections that nobody has taken up yet is short.
const opener = setInterval(() => {
  for (let i = 0; i < 50 && opened < connections; i++, opened++) open()
  if (opened === connections) clearInterval(opener)
}, 10)
const timer = setInterval(() => {
  if (began === Infinity) return
  const elapsed = performance.now() - began
  if (elapsed > seconds * 1000) isOver = true
  const wanted = Math.floor(rate * Math.min(elapsed, seconds * 1000) / 1000)
  if (rate > 0) for (; told.asked < wanted; told.asked++) due.push({ number: told.asked, at: began + told.asked / rate * 1000 })
  for (const line of free) {
    if (!hasDue()) break
    free.delete(line)
    ask(line, due[next++])
  }
  if (isOver && ((!hasDue() && underway === 0) || elapsed > seconds * 1000 + patienceMs)) finish()
}, 2)

function finish () {
  clearInterval(timer)
  const spread = times => {
    times.sort((a, b) => a - b)
    const at = share => Math.round(times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0)
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
  }
  const unanswered = underway + due.length - next
  process.stdout.write(`${JSON.stringify({ ...told, unanswered, seconds: (performance.now() - began) / 1000, ms: spread(took), askedMs: spread(tookAsked) })}\n`, () => process.exit(0))
}
