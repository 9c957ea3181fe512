import './style/base.css';
import './style/form.css';
import './style/home.css';
import { render } from 'preact';
import { HomePage } from './home/home-page.tsx';

render(<HomePage />, document.getElementById('app')!);
