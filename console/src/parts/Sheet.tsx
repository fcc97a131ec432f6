// The sheet of keys.
import { SHEET } from '../keys'

export function Sheet({ close }: { close: () => void }) {
  return (
    <div className="veil" onClick={close}>
      <div className="sheet" role="dialog" aria-label="Keys">
        <h2>Keys</h2>
        <dl>
          {SHEET.map(([keys, what]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  )
}
