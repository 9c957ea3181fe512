import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { words } from './client.ts';
import { useClient } from './client-context.ts';

export interface Resource<T> {
  /** The newest answer; it stays while the server does not answer. */
  body: T | undefined;
  /** Why there is no newer one. */
  fault: string | undefined;
  /** When it came, in ms. */
  at: number;
  /** Asks now. */
  reload: () => void;
}

/** What the API has at a path, asked for again every so many ms (0: only when something was done). */
export function useResource<T>(path: string, interval = 0): Resource<T> {
  const client = useClient();
  const [state, setState] = useState<Omit<Resource<T>, 'reload'>>({ body: undefined, fault: undefined, at: 0 });
  const asked = useRef(0);

  const reload = useCallback(async () => {
    // Of answers that overtake each other the one to the last question counts.
    const asking = ++asked.current;
    try {
      const body = await client.get<T>(path);
      if (asking === asked.current) setState({ body, fault: undefined, at: Date.now() });
    } catch (error) {
      if (asking === asked.current) setState((before) => ({ ...before, fault: words(error) }));
    }
  }, [client, path]);

  useEffect(() => {
    void reload();
    const timer = interval > 0 ? setInterval(() => document.hidden || void reload(), interval) : undefined;
    return () => {
      asked.current++;
      clearInterval(timer);
    };
  }, [reload, interval]);

  return { ...state, reload };
}
