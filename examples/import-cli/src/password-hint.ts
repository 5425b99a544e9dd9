/** How a command is given the password of a backup. */
export const passwordHint =
  'Name an environment variable that holds its password with --password-env, or run this at a terminal, which asks for it.'
