/** Answers of Redis that blame the script or the command; whatever else it refuses, it takes later. */
const FAULT = /^(ERR|WRONGTYPE|CROSSSLOT)\b/
/** What Redis says with the same word while it starts or is full. */
const FOR_NOW = /loading|max number of clients/i
/** What the client says where Redis is away or doesn't answer in time. */
const CLIENT = /^(Stream isn't writeable|Connection is closed|Command timed out|Command aborted|Cluster isn't ready|Cluster is ended|Too many Cluster redirections|None of startup nodes|Failed to refresh slots cache)/

/** Does Redis refuse this because of how it was asked? Then a repeat is refused as well. */
export function isOwnFault (message: string): boolean {
  return FAULT.test(message) && !FOR_NOW.test(message)
}

/** Can Redis not be had for now: no connection, no answer in time, or an answer that puts off (LOADING, NOREPLICAS, OOM, BUSY …)? */
export function isUnavailable (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'ReplyError') return !isOwnFault(error.message)
  return error.name === 'MaxRetriesPerRequestError' || CLIENT.test(error.message)
}
