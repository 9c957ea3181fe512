import type { ComponentChildren } from 'preact';
import { Wheel } from './wheel.tsx';

export function Header({ children }: { children?: ComponentChildren }) {
  return (
    <header class="top">
      <a class="brand" href="/">
        <Wheel />
        <span>Millrace</span>
      </a>
      {children}
    </header>
  );
}
