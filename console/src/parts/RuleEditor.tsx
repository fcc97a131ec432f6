// A rule under the pen: saved with Ctrl+Enter, and an error is shown at its place.
import { useState, type KeyboardEvent } from 'react'

import { Failure, ask, type Segment } from '../api'

export function RuleEditor({ segment, saved }: { segment?: Segment; saved: (key: string) => void }) {
  const [name, setName] = useState(segment?.name ?? '')
  const [rule, setRule] = useState(segment?.rule ?? 'did "Order Completed" at least 3 times within 30 days')
  const [failure, setFailure] = useState<Failure>()
  const key = segment?.key ?? keyOf(name)
  const save = async () => {
    try {
      await ask(`segments/${encodeURIComponent(key)}`, 'PUT', { name, rule })
      setFailure(undefined)
      saved(key)
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure('network', 'It was not saved: the server does not answer.', 'Your text is still here; try again.'))
    }
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void save()
  }
  const isSame = segment?.rule === rule && segment.name === name
  return (
    <div className="editor" onKeyDown={onKey}>
      <input aria-label="Name" placeholder="Name" value={name} onChange={(event) => setName(event.target.value)} />
      <textarea aria-label="Rule" spellCheck={false} rows={3} value={rule} onChange={(event) => setRule(event.target.value)} />
      {failure && <Pointed rule={rule} failure={failure} />}
      <button className="main" disabled={!key || isSame} onClick={() => void save()}>
        Save
      </button>{' '}
      <span className="dim">{isSame ? '' : <span className="unsaved">not saved</span>} Ctrl+Enter saves</span>
    </div>
  )
}

/** The line the error is in, and a mark under its place. */
function Pointed({ rule, failure }: { rule: string; failure: Failure }) {
  const { at } = failure
  const line = at ? (rule.split('\n')[at.line - 1] ?? '') : ''
  return (
    <div className="problem" role="alert">
      {at && (
        <pre>
          {line}
          {'\n'}
          {' '.repeat(Math.max(0, at.column - 1))}
          <b>^</b>
        </pre>
      )}
      <strong>{failure.message}</strong> {failure.help}
    </div>
  )
}

const keyOf = (name: string) =>
  name.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
