// The GraphQL endpoint: graphql-js runs queries against the vendor's schema, over the same state.
import fs from 'node:fs';
import { buildSchema, graphql, getNamedType, isEnumType, isListType, isNonNullType, isScalarType } from 'graphql';

export class GraphQL {
  constructor(state) {
    this.state = state;
    const file = new URL('./node_modules/@octokit/graphql-schema/schema.graphql', import.meta.url);
    this.schema = buildSchema(fs.readFileSync(file, 'utf8'), { assumeValidSDL: true });
  }

  async run(source, variableValues, fault) {
    if (fault?.data !== undefined) return { data: fault.data, errors: fault.errors };
    const rootValue = {
      viewer: { login: this.state.scenario.viewer ?? 'annexa-reader' },
      rateLimit: { cost: 1, nodeCount: 100 },
      organization: ({ login }) => (login === this.state.organization.login ? organization(this.state) : null),
    };
    const result = await graphql({ schema: this.schema, source, variableValues, rootValue, contextValue: this.state, fieldResolver, typeResolver });
    const refused = (error) => error.originalError instanceof Forbidden;
    const errors = (result.errors ?? []).map((error) => ({ ...(refused(error) && { type: 'FORBIDDEN' }), message: error.message, path: error.path }));
    // a query that the schema does not accept is a mistake of ours
    if (errors.some((error) => !error.type)) console.error('GRAPHQL ERROR', JSON.stringify(errors), source);
    const data = result.data === undefined ? undefined : structuredClone(result.data);
    if (data && data.organization === null && errors.length === 0) errors.push({ type: 'NOT_FOUND', path: ['organization'], message: `Could not resolve to an Organization with the login of '${variableValues.org}'.` });
    for (const error of fault?.errors ?? []) {
      erase(data, error.path ?? []);
      errors.push(error);
    }
    return errors.length > 0 ? { data: data ?? null, errors } : { data };
  }
}

/// Settings that GitHub refuses to others, and that can't be null.
const OWNERS_ONLY = [
  'ipAllowListEnabledSetting', 'ipAllowListForInstalledAppsEnabledSetting', 'membersCanForkPrivateRepositories',
  'notificationDeliveryRestrictionEnabledSetting',
];

class Forbidden extends Error {
  constructor() {
    super('Resource not accessible by personal access token');
  }
}

function organization(state) {
  const { organization: org } = state;
  const hidden = org.owner_view ? {} : { requiresTwoFactorAuthentication: null, samlIdentityProvider: null };
  if (!org.owner_view) for (const name of OWNERS_ONLY) hidden[name] = () => { throw new Forbidden(); };
  return {
    id: org.node_id,
    databaseId: org.id,
    login: org.login,
    createdAt: '2020-01-01T00:00:00Z',
    viewerCanAdminister: org.owner_view,
    viewerIsAMember: true,
    requiresTwoFactorAuthentication: org.rest?.two_factor_requirement_enabled,
    ...org.graphql,
    ...hidden,
    repositories: state.repositories.map((one) => repository(state, one)),
    membersWithRole: {
      edges: state.members.map((member) => ({
        role: org.owner_view ? member.role : null,
        hasTwoFactorEnabled: org.owner_view ? member.two_factor : null,
        node: { id: member.node_id, databaseId: member.id, login: member.login, name: member.name ?? null, createdAt: '2021-01-01T00:00:00Z' },
      })),
    },
  };
}

function repository(state, one) {
  return {
    id: one.node_id,
    databaseId: one.id,
    name: one.name,
    nameWithOwner: `${state.organization.login}/${one.name}`,
    visibility: one.visibility.toUpperCase(),
    isArchived: one.archived,
    isEmpty: one.default_branch === null,
    forkingAllowed: false,
    createdAt: '2021-01-01T00:00:00Z',
    pushedAt: one.pushed_at,
    hasVulnerabilityAlertsEnabled: one.admin ? one.alerts ?? false : false,
    viewerCanAdminister: one.admin,
    viewerPermission: one.admin ? 'ADMIN' : 'READ',
    codeowners: one.codeowners ?? null,
    defaultBranchRef: one.default_branch === null ? null : { name: one.default_branch },
    ...one.graphql,
  };
}

/// A value of the state, a page of a connection, or a plain value of the type.
function fieldResolver(source, args, state, info) {
  let value = source?.[info.fieldName];
  if (typeof value === 'function') value = value(args, state, info);
  const named = getNamedType(info.returnType);
  if (named.name.endsWith('Connection') && value !== null) return connection(value ?? [], args, state);
  if (value !== undefined) return value;
  return isNonNullType(info.returnType) ? plain(info.returnType.ofType) : null;
}

function connection(value, args, state) {
  const edges = Array.isArray(value) ? value.map((node) => ({ node })) : value.edges;
  const size = Math.min(args.first ?? 100, state.scenario.page_size ?? 100);
  const start = args.after ? Number(Buffer.from(args.after, 'base64url').toString('utf8').split(':')[1]) : 0;
  const page = edges.slice(start, start + size);
  const end = start + page.length;
  return {
    totalCount: edges.length,
    nodes: page.map((edge) => edge.node),
    edges: page.map((edge, index) => ({ cursor: cursor(start + index + 1), ...edge })),
    pageInfo: { hasNextPage: end < edges.length, hasPreviousPage: start > 0, endCursor: page.length > 0 ? cursor(end) : null, startCursor: null },
  };
}

function cursor(position) {
  return Buffer.from(`cursor:${position}`).toString('base64url');
}

function plain(type) {
  if (isListType(type)) return [];
  if (isEnumType(type)) return type.getValues()[0].name;
  if (!isScalarType(type)) return {};
  return { Boolean: false, Int: 0, Float: 0, DateTime: '2026-01-05T08:00:00Z', URI: 'https://github.com/' }[type.name] ?? 'x';
}

function typeResolver(value) {
  return value.__typename ?? 'User';
}

function erase(data, path) {
  const parent = path.slice(0, -1).reduce((value, name) => value?.[name], data);
  if (parent && path.length > 0) parent[path.at(-1)] = null;
}
