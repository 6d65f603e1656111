// A small stateful GitHub for tests. Every REST answer is validated against the vendor's published description, every
// query runs against the vendor's published schema; an answer of ours that does not fit is a 500 and a loud line on stderr.
//
//   node server.js --scenario FILE [--port N] [--lifeline stdin]
//
// Prints `listening on http://127.0.0.1:PORT` when it is ready. What a scenario may say: see README.md.
import fs from 'node:fs';
import http from 'node:http';
import { App } from './app.js';
import { Description } from './description.js';
import { Faults } from './faults.js';
import { GraphQL } from './graphql.js';
import { route } from './rest.js';
import { State } from './state.js';

const options = readOptions(process.argv.slice(2));
const state = new State(JSON.parse(fs.readFileSync(options.scenario, 'utf8')));
const description = new Description();
const graphql = new GraphQL(state);
const faults = new Faults(state.scenario.faults ?? []);
const app = new App(state.scenario.app, state.scenario.tokens ?? ['ghp_demo']);
const log = [];
let requests = 0;

const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const url = new URL(request.url, `http://${request.headers.host}`);
  const noted = {};
  let answer;
  try {
    answer = await answerTo(request, url, noted, Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    console.error('SERVER ERROR', request.method, request.url, error);
    answer = { status: 500, body: { message: `test server: ${error.message}` } };
  }
  if (answer.destroy) return request.socket.destroy();
  send(response, answer, noted);
});

server.listen(options.port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
// a test that was killed leaves no server behind
if (options.lifeline === 'stdin') process.stdin.on('end', () => process.exit(0)).resume();

async function answerTo(request, url, noted, body) {
  if (url.pathname === '/_control/requests') return { status: 200, body: log };
  const token = (request.headers.authorization ?? '').replace(/^(Bearer|token) /i, '');
  log.push(Object.assign(noted, { method: request.method, path: request.url, agent: request.headers['user-agent'], version: request.headers['x-github-api-version'] }));
  if (request.headers['x-github-api-version'] && !['2022-11-28', '2026-03-10'].includes(request.headers['x-github-api-version'])) {
    return { status: 400, body: { message: 'Unsupported API version' } };
  }
  const credential = app.answer(request.method, url.pathname, token);
  if (credential) return credential;
  if (!app.accepts(token)) {
    return { status: 401, body: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest', status: '401' } };
  }
  if (url.pathname === '/graphql' && request.method === 'POST') {
    const { query, variables } = JSON.parse(body);
    const name = /query\s+(\w+)/.exec(query)?.[1];
    const fault = faults.take(`query ${name}`, variables ?? {}, pageOf(variables));
    if (fault?.status) return fault;
    return { status: 200, body: await graphql.run(query, variables ?? {}, fault) };
  }
  return rest(request, url);
}

function rest(request, url) {
  if (request.method !== 'GET') throw new Error(`a ${request.method} came through: ${url.pathname}`);
  const matched = route(url.pathname);
  if (!matched) {
    console.error('NO SUCH ROUTE', request.method, url.pathname);
    return { status: 404, body: notFound() };
  }
  const operation = `GET ${matched.template}`;
  const fault = faults.take(operation, matched.parameters, Number(url.searchParams.get('page') ?? 1), url.searchParams);
  if (fault) return fault;
  const answer = matched.handler(state, matched.parameters, url.searchParams, description);
  if (!answer) return { status: 404, body: notFound() };
  const paged = answer.list ? page(answer, url, matched) : answer;
  const errors = description.validate(matched.template, paged.status ?? 200, paged.body);
  if (errors) throw new Error(`the answer to ${operation} is not GitHub's: ${errors}`);
  return { status: 200, ...paged };
}

/// One page of a list, with the links to the others as GitHub writes them: by number, not by name.
function page(answer, url, matched) {
  const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), state.scenario.page_size ?? 100);
  const number = Number(url.searchParams.get('page') ?? 1);
  const pages = Math.max(1, Math.ceil(answer.list.length / size));
  const items = answer.list.slice((number - 1) * size, number * size);
  const body = answer.wrap ? { total_count: answer.list.length, [answer.wrap]: items } : items;
  const headers = {};
  if (number < pages) {
    const byNumber = url.pathname
      .replace(/^\/orgs\/[^/]+/, `/organizations/${state.organization.id}`)
      .replace(/^\/repos\/[^/]+\/([^/]+)/, (_, repo) => `/repositories/${state.repository(repo)?.id ?? 0}`);
    const link = (n, rel) => {
      const query = new URLSearchParams(url.searchParams);
      query.set('page', n);
      return `<${url.origin}${byNumber}?${query}>; rel="${rel}"`;
    };
    headers.link = [link(number + 1, 'next'), link(pages, 'last')].join(', ');
  }
  return { status: 200, body, headers };
}

function pageOf(variables) {
  return variables?.after ? 2 : 1;
}

function notFound() {
  return { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' };
}

function send(response, { status, body, headers = {}, raw }, noted) {
  requests += 1;
  const text = raw ?? (body === undefined ? '' : JSON.stringify(body));
  noted.shown = (state.scenario.watched ?? []).filter((watched) => text.includes(watched));
  response.writeHead(status, {
    'content-type': raw ? 'text/html' : 'application/json; charset=utf-8',
    'x-github-request-id': `TEST:${requests.toString(16).toUpperCase().padStart(4, '0')}`,
    'x-github-api-version-selected': '2022-11-28',
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': String(Math.max(1, 5000 - requests)),
    'x-ratelimit-reset': '4102444800',
    ...headers,
  });
  response.end(status === 204 ? undefined : text);
}

function readOptions(words) {
  const options = { port: 0 };
  for (let index = 0; index < words.length; index += 2) options[words[index].replace(/^--/, '')] = words[index + 1];
  if (!options.scenario) throw new Error('usage: node server.js --scenario FILE [--port N] [--lifeline stdin]');
  return { ...options, port: Number(options.port) };
}
