/**
 * Calls `expire` once `ms` have passed and the sockets have been read since. A process that was blocked for longer than a time limit runs its
 * timers before it reads what arrived meanwhile: a plain timer would then report a response as missing that is already in the socket.
 * Returns a function that cancels it.
 */
export function startReadTimeout (ms: number, expire: () => void): () => void {
  let lastRead: NodeJS.Immediate | undefined
  const timer = setTimeout(() => { lastRead = setImmediate(expire) }, ms)
  return () => {
    clearTimeout(timer)
    clearImmediate(lastRead)
  }
}
