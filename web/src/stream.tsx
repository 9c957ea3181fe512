import './style/base.css';
import './style/player.css';
import './style/stream.css';
import { render } from 'preact';
import { StreamPage } from './stream/stream-page.tsx';

render(<StreamPage />, document.getElementById('app')!);
