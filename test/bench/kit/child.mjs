/** The other end of `startChild`: answers the parent's questions by name, and ends with the parent. */
export function serve (answers) {
  process.on('message', async ({ id, name, value }) => {
    try {
      process.send({ id, value: await answers[name](value) })
    } catch (error) {
      process.send({ id, error: String(error?.stack ?? error) })
    }
  })
  process.on('disconnect', () => process.exit(0))
  process.send({ ready: true })
}

/** What the parent handed over at the start. */
export const given = JSON.parse(process.argv[2] ?? '{}')
