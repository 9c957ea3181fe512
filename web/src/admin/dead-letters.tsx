import { useAction } from './action.ts';
import { useClient } from './client-context.ts';
import { Fault } from './fault.tsx';
import { Moment } from './moment.tsx';
import type { DeadLetter } from './objects.ts';
import { useResource } from './resource.ts';

/** What a webhook did not take in three days, to be sent once more. */
export function DeadLetters({ webhook }: { webhook: string }) {
  const client = useClient();
  const { body, fault, reload } = useResource<{ dead: DeadLetter[]; next?: number }>(`/webhooks/${webhook}/dead`, 30_000);
  const action = useAction();
  const replay = (which: { sequences: number[] } | { dead: true }) =>
    action.run(() => client.post(`/webhooks/${webhook}/replay`, which)).then(reload);
  if (!body?.dead.length) {
    return body ? <p class="quiet">Nothing is undelivered.</p> : <Fault text={fault} />;
  }
  return (
    <details open>
      <summary>
        {body.dead.length}
        {body.next ? ' and more' : ''} undelivered
      </summary>
      <ul class="rows">
        {body.dead.map((letter) => (
          <li key={letter.sequence}>
            <div>
              <strong>{[letter.event.type?.replace(/^live\.millrace\./, ''), letter.event.subject].filter(Boolean).join(' · ')}</strong>
              <small class="quiet">
                <Moment at={letter.event.time} /> · {letter.attempts} tries · {letter.problem}
              </small>
            </div>
            <button
              type="button"
              class="button"
              disabled={action.busy}
              aria-label={`Send event ${letter.sequence} again`}
              onClick={() => void replay({ sequences: [letter.sequence] })}
            >
              Send again
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="button" disabled={action.busy} onClick={() => void replay({ dead: true })}>
        Send all again
      </button>
      <Fault text={action.fault ?? fault} />
    </details>
  );
}
