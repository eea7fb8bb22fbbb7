/** The other end of `startChild`: runs the handler that the parent names, and ends with the parent. */
export function serve (handlers) {
  process.on('message', async ({ id, name, value }) => {
    try {
      process.send({ id, value: await handlers[name](value) })
    } catch (error) {
      process.send({ id, error: String(error?.stack ?? error) })
    }
  })
  process.on('disconnect', () => process.exit(0))
  process.send({ ready: true })
}

/** The options that the parent passed at the start. */
export const options = JSON.parse(process.argv[2] ?? '{}')
