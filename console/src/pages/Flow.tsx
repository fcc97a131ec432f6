// What became of every event, and those that were not taken.
import { useState } from 'react'

import { Failure, ask, useAsked, type List, type Outcomes, type Rejected } from '../api'
import { Moment } from '../parts/Moment'
import { Problem } from '../parts/Problem'

const WORDS = ['accepted', 'duplicate', 'filtered', 'limited', 'invalid', 'refused'] as const

export function Flow() {
  const { data, failure } = useAsked<Outcomes>('outcomes', 1_000)
  const rejected = useAsked<List<Rejected>>('rejected?limit=50', 3_000)
  return (
    <div className="wide">
      <h1>Flow</h1>
      <Problem failure={failure} />
      <div className="tiles">
        {WORDS.map((word) => (
          <div key={word} className={`tile ${word}`}>
            <b>{(data?.[word] ?? 0).toLocaleString()}</b>
            <span>{word}</span>
            {Object.entries(data?.reasons[word] ?? {}).map(([code, count]) => (
              <small key={code}>
                {code.replaceAll('_', ' ')} {count.toLocaleString()}
              </small>
            ))}
          </div>
        ))}
      </div>
      <h2>Rejected events</h2>
      {rejected.data?.results.length === 0 && <p className="empty">None: every event that came was taken.</p>}
      {rejected.data?.results.map((one) => (
        <Line key={one.id} rejected={one} again={rejected.again} />
      ))}
    </div>
  )
}

function Line({ rejected, again }: { rejected: Rejected; again: () => void }) {
  const [text, setText] = useState<string>()
  const [failure, setFailure] = useState<Failure>()
  const send = async () => {
    try {
      await ask(`rejected/${rejected.id}/redrive`, 'POST', text === undefined ? undefined : JSON.parse(text))
      setText(undefined)
      again()
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure('invalid_body', String(error), ''))
    }
  }
  return (
    <div className="rejected">
      <p>
        <strong>{rejected.reason?.message ?? rejected.outcome}</strong>{' '}
        <span className="dim">
          <Moment at={rejected.received_at} /> · entry {rejected.id}
        </span>
      </p>
      {text === undefined ? <pre className="cut">{rejected.raw}</pre> : <textarea rows={6} value={text} onChange={(event) => setText(event.target.value)} />}
      <Problem failure={failure} />
      {text === undefined ? <button onClick={() => setText(rejected.raw)}>Correct and send again</button> : <button className="main" onClick={() => void send()}>Send again</button>}
    </div>
  )
}
