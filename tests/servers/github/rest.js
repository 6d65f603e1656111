// The REST calls: each answers from the state, filled up to what the description requires.

/// Settings that GitHub shows to owners only.
const OWNERS_ONLY = [
  'two_factor_requirement_enabled', 'default_repository_permission', 'total_private_repos', 'owned_private_repos', 'billing_email', 'plan',
  'members_can_create_repositories', 'members_can_create_public_repositories', 'members_can_create_private_repositories',
  'members_can_create_pages', 'members_can_create_public_pages', 'members_can_delete_repositories',
  'members_can_change_repo_visibility', 'members_can_invite_outside_collaborators', 'members_can_fork_private_repositories',
  'deploy_keys_enabled_for_repositories',
];

const routes = new Map();
const get = (template, handler) => routes.set(template, handler);

get('/orgs/{org}', (state, { org }, query, description) => {
  const { organization, counts } = state;
  if (org !== organization.login) return undefined;
  const body = description.fill('/orgs/{org}', {
    login: organization.login,
    id: organization.id,
    node_id: organization.node_id,
    type: 'Organization',
    billing_email: 'CANARY-billing@example.org',
    ...counts,
    ...organization.rest,
  });
  if (!organization.owner_view) for (const name of OWNERS_ONLY) delete body[name];
  return { body };
});

const settings = (template, pick, otherwise) => get(template, (state, parameters, query, description) => {
  const value = pick(state, parameters);
  if (value === undefined || value === null) return otherwise?.(state, parameters);
  return { body: description.fill(template, value) };
});

settings('/orgs/{org}/actions/permissions', (state) => state.organization.actions);
settings('/orgs/{org}/actions/permissions/selected-actions', (state) => state.organization.selected_actions,
  () => ({ status: 409, body: { message: 'The policy for Actions is not a selection' } }));
settings('/orgs/{org}/actions/permissions/workflow', (state) => state.organization.workflow_token);
settings('/orgs/{org}/actions/permissions/fork-pr-contributor-approval', (state) => state.organization.fork_pull_requests ?? { approval_policy: 'all_external_contributors' });
settings('/orgs/{org}/actions/permissions/fork-pr-workflows-private-repos', (state) => state.organization.fork_workflows ?? {});
settings('/orgs/{org}/actions/permissions/self-hosted-runners', (state) => state.organization.self_hosted_runners ?? { enabled_repositories: 'none' });
settings('/repos/{owner}/{repo}/actions/permissions', (state, { repo }) => state.repository(repo)?.actions ?? { enabled: true, allowed_actions: 'all' });
settings('/repos/{owner}/{repo}/actions/permissions/workflow',
  (state, { repo }) => state.repository(repo)?.workflow_token ?? { default_workflow_permissions: 'read', can_approve_pull_request_reviews: false });
settings('/repos/{owner}/{repo}/code-scanning/default-setup', (state, { repo }) => state.repository(repo)?.code_scanning,
  () => ({ status: 403, body: { message: 'Code Security must be enabled for this repository to use code scanning.' } }));
settings('/repos/{owner}/{repo}/automated-security-fixes', (state, { repo }) => state.repository(repo)?.security_updates);

const list = (template, pick, wrap) => get(template, (state, parameters, query, description) => {
  const items = pick(state, parameters, query);
  if (!items) return undefined;
  return { list: items.map((item) => description.fill(template, item, { item: true, at: wrap })), wrap };
});

const hook = (one, index) => ({ id: 700 + index, name: 'web', active: true, events: ['push'], type: 'Organization', ...one, config: { content_type: 'json', insecure_ssl: '0', ...one.config } });
list('/orgs/{org}/hooks', (state) => (state.organization.hooks ?? []).map(hook));
list('/repos/{owner}/{repo}/hooks', (state, { repo }) => state.repository(repo)?.hooks.map(hook));
list('/repos/{owner}/{repo}/keys', (state, { repo }) => state.repository(repo)?.keys.map((key, index) => ({
  id: 800 + index, key: 'ssh-ed25519 CANARY', verified: true, read_only: true, created_at: '2025-10-01T00:00:00Z', ...key,
})));
list('/orgs/{org}/outside_collaborators', (state, _, query) => {
  const wanted = query.get('filter') === '2fa_disabled' ? state.outside.filter((one) => !one.two_factor) : state.outside;
  return wanted.map(({ id, node_id, login }) => ({ id, node_id, login, type: 'User', email: 'CANARY@example.org' }));
});
list('/orgs/{org}/repos', (state) => state.repositories.map((repository) => ({
  id: repository.id,
  node_id: repository.node_id,
  name: repository.name,
  full_name: `${state.organization.login}/${repository.name}`,
  private: repository.visibility !== 'public',
  visibility: repository.visibility,
  archived: repository.archived,
  temp_clone_token: 'CANARY',
  security_and_analysis: repository.admin ? statuses(repository.security ?? {}) : undefined,
  ...repository.rest,
})));
list('/repos/{owner}/{repo}/environments', (state, { repo }) => state.repository(repo)?.environments.map((one, index) => ({
  id: 900 + index, node_id: `EN_${repo}_${one.name}`, deployment_branch_policy: null, protection_rules: [], ...one,
})), 'environments');

const numbered = (items, first) => (items ?? []).map((item, index) => ({ id: first + index, ...item }));
list('/orgs/{org}/installations', (state) => numbered(state.organization.installations, 600), 'installations');
list('/orgs/{org}/invitations', (state) => numbered(state.organization.invitations, 650).map((one) => ({ login: null, ...one })));
list('/orgs/{org}/actions/runner-groups', (state) => numbered(state.organization.runner_groups ?? [{ name: 'Default', default: true, visibility: 'all' }], 1), 'runner_groups');
list('/orgs/{org}/actions/secrets', (state) => (state.organization.secrets ?? []).map((one) => ({ selected_repositories_url: undefined, ...one })), 'secrets');
list('/repos/{owner}/{repo}/actions/secrets', (state, { repo }) => state.repository(repo) && (state.repository(repo).secrets ?? []), 'secrets');
list('/repos/{owner}/{repo}/collaborators', (state, { repo }, query) => {
  const people = state.repository(repo) && (state.repository(repo).collaborators ?? [{ login: 'mia-nordwind', role_name: 'admin' }]);
  const outside = (one) => state.outside.some((other) => other.login === one.login);
  if (query.get('permission') === 'admin') return people?.filter((one) => one.role_name === 'admin');
  if (query.get('affiliation') === 'outside') return people?.filter(outside);
  return people;
});
const alerts = (template, kind) => list(template, (state) => state.repositories.flatMap((repository) => (repository[kind] ?? []).map((alert, index) => ({
  number: index + 1,
  state: 'open',
  repository: { id: repository.id, name: repository.name, full_name: `${state.organization.login}/${repository.name}`, private: repository.visibility !== 'public' },
  ...alert,
}))));
alerts('/orgs/{org}/dependabot/alerts', 'dependabot_alerts');
alerts('/orgs/{org}/code-scanning/alerts', 'code_scanning_alerts');
alerts('/orgs/{org}/secret-scanning/alerts', 'secret_scanning_alerts');

const inPlan = (repository) => repository.protection !== 'upgrade';
const upgrade = { status: 403, body: { message: 'Upgrade to GitHub Pro or make this repository public to enable this feature.' } };
get('/repos/{owner}/{repo}/rules/branches/{branch}', (state, { repo }, query, description) => {
  const repository = state.repository(repo);
  if (!repository) return undefined;
  if (!inPlan(repository)) return upgrade;
  const template = '/repos/{owner}/{repo}/rules/branches/{branch}';
  const source = { ruleset_source_type: 'Repository', ruleset_source: `${state.organization.login}/${repo}` };
  return { list: repository.rules.map((rule) => description.fill(template, { ...source, ...rule }, { item: true })) };
});
get('/repos/{owner}/{repo}/rulesets/{ruleset_id}', (state, { repo, ruleset_id: id }, query, description) => {
  const repository = state.repository(repo);
  const ruleset = repository?.rulesets.find((one) => String(one.id) === id);
  if (!ruleset) return undefined;
  const { bypass_actors: actors, ...rest } = ruleset;
  // shown only to those who may change the ruleset
  const shown = actors ? { bypass_actors: actors } : {};
  const source = { source_type: 'Repository', source: `${state.organization.login}/${repo}`, enforcement: 'active', name: `ruleset ${id}` };
  return { body: description.fill('/repos/{owner}/{repo}/rulesets/{ruleset_id}', { ...source, ...rest, ...shown }) };
});
get('/repos/{owner}/{repo}/branches/{branch}/protection', (state, { repo }, query, description) => {
  const repository = state.repository(repo);
  if (!repository || repository.protection === 'hidden' || !repository.admin) return undefined;
  if (!inPlan(repository)) return upgrade;
  if (repository.protection === null) return { status: 404, body: { message: 'Branch not protected', documentation_url: 'https://docs.github.com/rest', status: '404' } };
  return { body: description.fill('/repos/{owner}/{repo}/branches/{branch}/protection', repository.protection) };
});

function statuses(security) {
  return Object.fromEntries(Object.entries(security).map(([name, on]) => [name, { status: on ? 'enabled' : 'disabled' }]));
}

/// The call that a path is, by the most exact template.
export function route(path) {
  const segments = path.split('/');
  let best;
  for (const [template, handler] of routes) {
    const names = template.split('/');
    if (names.length !== segments.length) continue;
    const parameters = {};
    const fits = names.every((name, index) => {
      if (!name.startsWith('{')) return name === segments[index];
      parameters[name.slice(1, -1)] = decodeURIComponent(segments[index]);
      return segments[index] !== '';
    });
    const exact = names.filter((name) => !name.startsWith('{')).length;
    if (fits && (!best || exact > best.exact)) best = { template, handler, parameters, exact };
  }
  return best;
}
