/** The text of every message: some 190 characters, typical for a shop's messages. */
export const TEXT =
  'Your order 7730-21 has left our warehouse and will be with you between 14:00 and 18:00. Reply STOP if you want no more of these messages. '.padEnd(
    190,
    '.'
  )
