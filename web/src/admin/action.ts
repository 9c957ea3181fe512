import { useState } from 'preact/hooks';
import { words } from './client.ts';

export interface Action {
  /** It is under way: its button is to wait. */
  busy: boolean;
  /** Why it was not done, the last time. */
  fault: string | undefined;
  /** Does something. It resolves to whether that was done. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** Something that the server is asked to do, with what it says when it does not. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setFault(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setFault(words(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, fault, run };
}
