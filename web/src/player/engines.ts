import type { EngineMaker } from './engine.ts';
import { NativeEngine } from './native-engine.ts';
import type { Protocol } from './protocol.ts';

/** Loads what plays a protocol: each is a file of its own, and a viewer gets only those that he uses. */
export async function engineFor(protocol: Protocol, native: boolean): Promise<EngineMaker> {
  switch (protocol) {
    case 'hls':
      return native ? NativeEngine : (await import('./hls-engine.ts')).HlsEngine;
    case 'dash':
      return (await import('./dash-engine.ts')).DashEngine;
    case 'flv':
      return (await import('./flv-engine.ts')).FlvEngine;
  }
}
