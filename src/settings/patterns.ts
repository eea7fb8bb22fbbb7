/** What each pattern of the settings allows, in words. */
export const allowedBy: Record<string, string> = {
  '^[A-Za-z0-9_-]{1,32}$': '1 to 32 letters, digits, _ or -',
  '^[A-Za-z0-9_-]{1,64}$': '1 to 64 letters, digits, _ or -',
  '^[A-Za-z0-9_-]{0,64}$': 'up to 64 letters, digits, _ or -',
  '^\\d{0,30}$': 'up to 30 digits',
  '^(auto|[1-9]\\d{0,6})?$': 'auto, a number from 1 to 9999999, or empty for no count',
  '^(\\d{4}-\\d\\d-\\d\\d:[1-9]\\d{0,6}(,[1-9]\\d{0,6}){0,59})?$': 'a day and the limits of up to 60 days, such as 2026-12-01:50,100,200',
  '^\\d+(,\\d+)*$': 'delays in milliseconds with commas between them, such as 60000,300000'
}
