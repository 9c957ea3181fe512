import { useEffect, useMemo, useState } from 'preact/hooks';
import { getJSON } from './api.ts';
import { backoff } from './backoff.ts';
import { ServerClock } from './clock.ts';

export interface Polled<T> {
  /** The newest answer; it stays when the connection is lost. */
  body: T | undefined;
  /** The server has answered at least once, be it that there is no such thing. */
  answered: boolean;
  /** The server has not answered for more than one try. */
  lost: boolean;
  /** When that answer came, in ms. */
  at: number;
  clock: ServerClock;
}

/** Asks this server for a path every so many ms, while the page can be seen. */
export function usePoll<T extends { time?: string }>(path: string, interval: number): Polled<T> {
  const clock = useMemo(() => new ServerClock(), []);
  const [polled, setPolled] = useState<Polled<T>>({ body: undefined, answered: false, lost: false, at: 0, clock });

  useEffect(() => {
    let failures = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    let stopped = false;

    const ask = async () => {
      if (asking || document.hidden) return;
      clearTimeout(timer);
      asking = true;
      try {
        const answer = await getJSON<T>(path);
        clock.observe(answer.sent, answer.received, answer.server);
        failures = 0;
        if (!stopped) setPolled({ body: answer.body, answered: true, lost: false, at: answer.received, clock });
      } catch {
        failures++;
        if (!stopped) setPolled((before) => ({ ...before, lost: failures > 1 }));
      }
      asking = false;
      if (!stopped) timer = setTimeout(ask, failures ? backoff(failures) : interval);
    };

    void ask();
    document.addEventListener('visibilitychange', ask);
    addEventListener('online', ask);
    return () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', ask);
      removeEventListener('online', ask);
    };
  }, [path, interval]);

  return polled;
}
