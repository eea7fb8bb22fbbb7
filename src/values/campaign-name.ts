/** Names of campaigns. Scripts keep them between `#`, `@`, `:` and spaces. */
export const CAMPAIGN_NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'
