// The merges of a person, what caused them, and taking one back.
import { useState } from 'react'

import { Failure, ask, useAsked, type List, type Merge } from '../api'
import { to } from '../place'
import { Moment } from './Moment'
import { Problem } from './Problem'

export function Merges({ reference, undone }: { reference: string; undone: () => void }) {
  const path = `profiles/${encodeURIComponent(reference)}/merges?limit=50`
  const { data, again } = useAsked<List<Merge>>(path, 5_000)
  const [asked, setAsked] = useState('')
  const [failure, setFailure] = useState<Failure>()
  const undo = async (id: string) => {
    try {
      await ask(`merges/${id}/undo`, 'POST')
      setAsked('')
      again()
      undone()
    } catch (error) {
      setFailure(error as Failure)
    }
  }
  const gone = new Set(data?.results.map((line) => line.merge))
  if (!data?.results.length) return null
  return (
    <>
      <h2>Merges</h2>
      <Problem failure={failure} />
      {data.results.map((line) => (
        <div key={line.id} className="merge">
          <p>
            {line.type === 'undone' ? `${line.merge} was taken back` : <Joined line={line} />}{' '}
            <span className="dim">
              <Moment at={line.at} />
            </span>
          </p>
          {line.cause?.identifiers && <p className="dim">by {line.cause.identifiers.map(shortened).join(' + ')}</p>}
          {line.cause?.member && <p className="dim">by {line.cause.member}</p>}
          {line.type === 'merged' && !gone.has(line.id) && asked !== line.id && (
            <button className="quiet" onClick={() => setAsked(line.id)}>
              Undo…
            </button>
          )}
          {asked === line.id && (
            <p>
              Two people again, for good?{' '}
              <button className="danger" onClick={() => void undo(line.id)}>
                Undo the merge
              </button>{' '}
              <button className="quiet" onClick={() => setAsked('')}>
                Keep
              </button>
            </p>
          )}
        </div>
      ))}
    </>
  )
}

function Joined({ line }: { line: Merge }) {
  return (
    <>
      <a href={to('profile', line.absorbed ?? '')}>{line.absorbed}</a> became {line.survivor}
    </>
  )
}

const shortened = (identifier: string) => (identifier.length > 34 ? `${identifier.slice(0, 30)}…` : identifier)
