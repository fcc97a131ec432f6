// What went wrong, and what to do next.
import { signOut, type Failure } from '../api'

export function Problem({ failure }: { failure: Failure | undefined }) {
  if (!failure) return null
  return (
    <div className="problem" role="alert">
      <strong>{failure.message}</strong> {failure.help}
      {failure.code === 'unauthorized' && <button onClick={signOut}>Sign in again</button>}
    </div>
  )
}
