import { CopyLine } from '../ui/copy.tsx';

/** A secret that the server has just made: it is shown here and nowhere again. */
export function Secret({ name, text }: { name: string; text: string }) {
  return (
    <div class="secret">
      <h3>{name}</h3>
      <CopyLine text={text} label={name} />
      <p class="quiet">It is shown only now. Copy it: the server keeps no more than a fingerprint of it.</p>
    </div>
  );
}
