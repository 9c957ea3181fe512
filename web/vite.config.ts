import { defineConfig, type Plugin } from 'vite';

// The Go server chooses the shell by the path; the development server has to do the same.
const shells: Plugin = {
  name: 'shells',
  configureServer(server) {
    server.middlewares.use((request, _response, next) => {
      const path = (request.url ?? '/').split('?')[0] ?? '/';
      const ours = /^\/(@|src\/|node_modules\/)/.test(path) || /\.\w+$/.test(path);
      if (!ours) {
        request.url = path === '/' ? '/home.html' : path.startsWith('/embed/') ? '/embed.html' : '/stream.html';
      }
      next();
    });
  },
};

// A Millrace to develop against: `make run` starts one here.
const backend = 'http://localhost:8080';

export default defineConfig({
  appType: 'mpa',
  plugins: [shells],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../internal/dashboard/dist',
    emptyOutDir: true,
    // A data: address for a small picture would need a weaker Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // hls.js is one piece of half a megabyte, as is Shaka Player; each is loaded when it is to play something.
    chunkSizeWarningLimit: 700,
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      input: ['home.html', 'stream.html', 'embed.html'],
      output: {
        codeSplitting: {
          groups: [
            // Chunks of their own, so that a change of ours does not make browsers, and the repository, take it anew.
            { name: 'hls', test: /node_modules\/hls\.js/ },
            { name: 'mpegts', test: /node_modules\/mpegts\.js/ },
            { name: 'shaka', test: /node_modules\/shaka-player/ },
            { name: 'player', test: /src\/player\/(?!\w+-engine)/ },
            { name: 'preact', test: /node_modules\/preact/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: { '^/api/': backend, '^/.+\\.(m3u8|mpd|m4s|mp4|flv|jpg)$': backend },
  },
});
