import { useEffect, useRef } from 'preact/hooks';
import { CloseIcon } from '../ui/icons.tsx';
import { shortcuts } from './keys.ts';

/** The list of keys, above the picture. */
export function Help({ onClose }: { onClose: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <div class="panel help" role="dialog" aria-label="Keys">
      <button ref={button} type="button" class="close" aria-label="Close the list of keys" title="Close (Esc)" onClick={onClose}>
        <CloseIcon />
      </button>
      <dl>
        {shortcuts.map(([keys, does]) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
