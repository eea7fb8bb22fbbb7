import { CAMPAIGN_NAME } from '../values/campaign-name.js'

/** What each pattern of the schemas allows, as the rest of a sentence about the field. A list of states has its own text, in its description. */
export const patterns: Record<string, string> = {
  [CAMPAIGN_NAME]: 'must be 1 to 64 letters, digits, dots, _ or -, and begin with a letter or a digit',
  '^[A-Za-z0-9_-]{1,64}$': 'must be 1 to 64 letters, digits, _ or -',
  '^[A-Za-z0-9_-]{1,32}$': 'must be 1 to 32 letters, digits, _ or -',
  '^[A-Za-z0-9_/-]{1,64}$': 'must be 1 to 64 letters, digits, _, / or -',
  '^[a-z_]{1,32}$': 'must be 1 to 32 lower-case letters or _',
  '^[A-Za-z0-9_-]{1,64}\\.[A-Za-z0-9_-]{22}\\.[0-9a-f]{8,14}$': 'must be an id as responses have it, sender.digest.time',
  '^[a-z]+-[0-9a-f]{16}$': 'must be an id of a job as responses have it, such as cancel-0123456789abcdef',
  '^[^:]{1,128}:.{1,512}$': 'must be key:value, with 1 to 128 characters before the first colon and 1 to 512 after it',
  '^\\S+$': 'must not have spaces',
  '^[^\\x00-\\x1f]*$': 'must not have line breaks, tabs or other control characters'
}
