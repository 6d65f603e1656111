// Who may ask: tokens of the scenario, and a GitHub App's installation tokens.
import crypto from 'node:crypto';

export class App {
  constructor(app, tokens) {
    this.app = app;
    this.tokens = new Map(tokens.map((token) => [token, Infinity]));
    this.issued = 0;
  }

  accepts(token) {
    const uses = this.tokens.get(token);
    if (uses === undefined || uses <= 0) return false;
    this.tokens.set(token, uses - 1);
    return true;
  }

  /// The answer to a call that fetches credentials; nothing for other calls.
  answer(method, path, token) {
    const find = /^\/orgs\/[^/]+\/installation$/.exec(path);
    const fetch = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(path);
    if (!this.app || !(method === 'GET' && find) && !(method === 'POST' && fetch)) return undefined;
    const problem = this.problemWith(token);
    if (problem) return { status: 401, body: { message: problem } };
    if (find) return { status: 200, body: { id: this.app.installation } };
    if (Number(fetch[1]) !== this.app.installation) return { status: 404, body: { message: 'Not Found' } };
    this.issued += 1;
    const value = `ghs_${String(this.issued).padStart(4, '0')}INSTALLATIONCANARY00000000000000`;
    // how many requests the token is good for, so that it ends in the middle of a scan
    this.tokens.set(value, this.app.uses ?? Infinity);
    const minutes = this.app.minutes ?? 60;
    return { status: 201, body: { token: value, expires_at: new Date(Date.now() + minutes * 60000).toISOString().replace(/\.\d+/, '') } };
  }

  problemWith(token) {
    const [header, claims, signature] = token.split('.');
    if (!signature) return 'A JSON web token could not be decoded';
    const good = crypto.verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), this.app.public_key, Buffer.from(signature, 'base64url'));
    if (!good) return 'A JSON web token could not be verified';
    const { iss, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
    const now = Date.now() / 1000;
    if (String(iss) !== String(this.app.id)) return "'Issuer' claim ('iss') must be the App's id";
    if (iat > now || exp < now || exp - now > 600) return "'Expiration time' claim ('exp') is too far in the future";
    return undefined;
  }
}
