/** The explanations of codes, by the policy in force: read once each. */
import { explain } from './api.js'
import { useEffect, useState } from './ui.js'

/** `{title, explanation, remedy}` of a code; undefined until it is read, and without a code. */
export function useCode (code) {
  const [found, setFound] = useState({})
  useEffect(() => {
    if (code === null || code === undefined || code === '') return
    let isGone = false
    explain(code).then(explained => { if (!isGone) setFound({ code, explained }) }, () => {})
    return () => { isGone = true }
  }, [code])
  return found.code === code ? found.explained : undefined
}
