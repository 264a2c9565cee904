import { RunnelError } from '#lib/domain/errors.ts'

/** Why somebody could not join, and what to do. Final where trying the same link again cannot help. */
export interface JoinTrouble {
  readonly title: string
  readonly text: string
  readonly isFinal: boolean
  /** It is the person's to say whether a copy that is here becomes one with it. */
  readonly asksForCopy?: boolean
}

const ASK = 'Ask whoever sent it for another.'

export function joinTrouble(error: unknown, host: string): JoinTrouble {
  const said = error instanceof Error ? error.message : String(error)
  switch (error instanceof RunnelError ? error.code : null) {
    case 'UNAUTHENTICATED':
    case 'PERMISSION_DENIED':
    case 'RESOURCE_DOES_NOT_EXIST':
      return {
        title: 'This link opens nothing any more.',
        text: /\bask\b/i.test(said) ? said : `${said} ${ASK}`,
        isFinal: true
      }
    case 'RESOURCE_ALREADY_EXISTS':
      return { title: 'You have this experiment already.', text: said, isFinal: false, asksForCopy: true }
    case 'INVALID_STATE':
      return { title: 'You are in this experiment already.', text: said, isFinal: true }
    case 'INVALID_PARAMETER_VALUE':
      return { title: 'This link cannot be used.', text: said, isFinal: true }
    case 'TEMPORARILY_UNAVAILABLE':
      return {
        title: `${host} cannot be reached.`,
        text: `${said} See that it runs and that this machine can reach it; the link stays good.`,
        isFinal: false
      }
    default:
      return { title: 'That did not work.', text: said, isFinal: false }
  }
}
