/** What the server says to a request that it does not carry out (RFC 9457). */
export class RefusedError extends Error {
  status: number;

  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

interface Problem {
  title?: string;
  detail?: string;
}

/** How long an answer may take, in ms. */
const patience = 15_000;

/** Asks this server's API in the name of whoever has the token. The token goes into a header, never into an address. */
export class Client {
  #token: string;

  /** Without a token ('') it asks as one whom the server trusts by where he is. */
  constructor(token: string) {
    this.#token = token;
  }

  get<T>(path: string): Promise<T> {
    return this.#ask('GET', path);
  }

  post<T>(path: string, body?: object): Promise<T> {
    return this.#ask('POST', path, body);
  }

  /** Changes what has this revision. When it has another one by now, nothing is done and the promise fails. */
  patch<T>(path: string, revision: number, body: object): Promise<T> {
    return this.#ask('PATCH', path, body, revision);
  }

  remove(path: string): Promise<void> {
    return this.#ask('DELETE', path);
  }

  async #ask<T>(method: string, path: string, body?: object, revision?: number): Promise<T> {
    const headers: Record<string, string> = {};
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (body) headers['Content-Type'] = 'application/json';
    if (revision !== undefined) headers['If-Match'] = `"${revision}"`;
    let response: Response;
    try {
      response = await fetch(`/api/v1${path}`, {
        method,
        headers,
        cache: 'no-store',
        signal: AbortSignal.timeout(patience),
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    } catch {
      throw new RefusedError(0, 'The server is out of reach. Try again.');
    }
    const text = await response.text();
    if (!response.ok) throw new RefusedError(response.status, sentence(response.status, text));
    return (text ? JSON.parse(text) : undefined) as T;
  }
}

/** What is wrong, for people. */
function sentence(status: number, text: string): string {
  let problem: Problem = {};
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    // A proxy in between has answered.
  }
  const said = problem.detail || problem.title || `The server answered ${status}`;
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.?!]$/.test(said) ? '' : '.'}`;
}

/** An error as people are told of it. */
export function words(error: unknown): string {
  return error instanceof RefusedError ? error.message : 'That went wrong, and should not have. Load the page again.';
}

/** Whether the server knows who has the token: '' is good where it trusts this machine. */
export async function admits(token: string): Promise<boolean> {
  try {
    // It takes a role to read this. Who has too low a one is known all the same.
    await new Client(token).get('/webhooks');
    return true;
  } catch (error) {
    if (error instanceof RefusedError && error.status === 401) return false;
    if (error instanceof RefusedError && error.status === 403) return true;
    throw error;
  }
}
