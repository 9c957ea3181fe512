import { useState } from 'preact/hooks';
import { changeWords } from './change-words.ts';
import { Fault } from './fault.tsx';
import { Moment } from './moment.tsx';
import type { Change } from './objects.ts';
import { useResource } from './resource.ts';

/** Who changed what. */
export function AuditPane() {
  // Where the pages before this one ended: the last is where it begins.
  const [before, setBefore] = useState<number[]>([]);
  const from = before.at(-1);
  const { body, fault } = useResource<{ history: Change[]; next?: number }>(
    `/audit?limit=50${from ? `&before=${from}` : ''}`,
    from ? 0 : 5000,
  );
  return (
    <>
      <div class="bar">
        <h1>Audit log</h1>
      </div>
      <Fault text={fault} />
      {body && (
        <table class="list">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">How</th>
            </tr>
          </thead>
          <tbody>
            {body.history.map((change) => (
              <tr key={change.sequence}>
                <td>
                  <Moment at={change.time} />
                </td>
                <td data-name="By">{change.by}</td>
                <td data-name="What">
                  {change.kind} {change.action}
                  <small>{change.stream || change.id}</small>
                </td>
                <td data-name="How">{change.action === 'changed' ? changeWords(change.changes) : ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {body?.history.length === 0 && <p class="quiet center">Nothing was changed yet.</p>}
      {(before.length > 0 || body?.next) && (
        <nav class="row pages" aria-label="Pages of the log">
          <button type="button" class="button" disabled={before.length === 0} onClick={() => setBefore(before.slice(0, -1))}>
            Newer
          </button>
          <button type="button" class="button" disabled={!body?.next} onClick={() => setBefore([...before, body!.next!])}>
            Older
          </button>
        </nav>
      )}
    </>
  );
}
