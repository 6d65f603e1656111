// A scenario as state: everything has an id, and the same truth stands behind REST and GraphQL.

export class State {
  constructor(scenario) {
    this.scenario = scenario;
    this.organization = { id: 9000, node_id: 'O_demo', owner_view: true, ...scenario.organization };
    this.members = (scenario.members ?? []).map((member, index) => person(member, 100 + index));
    this.outside = (scenario.outside_collaborators ?? []).map((one, index) => person(one, 500 + index));
    this.repositories = (scenario.repositories ?? []).map((repository, index) => ({
      id: 2000 + index,
      node_id: `R_${repository.name}`,
      visibility: 'private',
      archived: false,
      admin: true,
      default_branch: 'main',
      pushed_at: '2026-02-01T10:00:00Z',
      rules: [],
      rulesets: [],
      protection: null,
      keys: [],
      hooks: [],
      environments: [],
      ...repository,
    }));
    this.repositories.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  repository(name) {
    return this.repositories.find((repository) => repository.name === name);
  }

  /// What the caller may see of the organization's own count.
  get counts() {
    const visible = (wanted) => this.repositories.filter((repository) => (repository.visibility === 'public') === wanted).length;
    const hidden = this.organization.hidden_repositories ?? 0;
    return { public_repos: visible(true), total_private_repos: visible(false) + hidden };
  }
}

function person(one, id) {
  return { id, node_id: `U_${one.login}`, role: 'MEMBER', two_factor: true, ...one };
}
