// Signing in with an API token, which this tab keeps and nobody else.
import { useState, type FormEvent } from 'react'

import { Failure, ask, signIn } from '../api'
import { Problem } from '../parts/Problem'

export function SignIn({ done }: { done: () => void }) {
  const [given, setGiven] = useState('')
  const [failure, setFailure] = useState<Failure>()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    signIn(given.trim())
    try {
      await ask('outcomes')
      done()
    } catch (error) {
      sessionStorage.clear()
      setFailure(error instanceof Failure ? error : new Failure('network', 'The server does not answer.', ''))
    }
  }
  return (
    <form className="door" onSubmit={(event) => void submit(event)}>
      <span className="mark big" aria-hidden="true" />
      <h1>Rapport</h1>
      <label htmlFor="token">API token</label>
      <input id="token" type="password" autoFocus autoComplete="off" value={given} onChange={(event) => setGiven(event.target.value)} />
      <button className="main" disabled={!given.trim()}>
        Sign in
      </button>
      <Problem failure={failure} />
      <p className="dim">The server prints it when it makes a new directory; RAPPORT_API_TOKEN sets it.</p>
    </form>
  )
}
