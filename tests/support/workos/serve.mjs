// Serves WorkOS's own emulator on 127.0.0.1: node serve.mjs FOLDER PORT SEED_JSON
//
// It is the emulator as WorkOS ships it, with five additions of ours, each because the real one does it:
// - access tokens have a numeric auth_time claim, which WorkOS's Python SDK expects;
// - somebody sits at the keyboard: POST /test/person {"email"} says who signs in where no login_hint does;
// - the redirect URIs that were registered can be listed, and forgotten: POST /test/forget-redirect-uris {};
// - codes and refresh tokens are taken only with an API key as client_secret, which the emulator does not look
//   at, and a key can be revoked: POST /test/keys {"key", "works"};
// - who signs in for an organization (organization_id) that they are a member of gets a session in it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, port, seed] = [resolve(process.argv[2]), Number(process.argv[3]), JSON.parse(readFileSync(process.argv[4]))];
const emulator = (path) => import(pathToFileURL(join(folder, "package/dist/emulate", path)));
const { createServer } = await emulator("core/index.js");
const { getWorkOSStore, seedFromConfig, workosPlugin } = await emulator("workos/index.js");
const { serve } = createRequire(join(folder, "package.json"))("@hono/node-server");

const baseUrl = `http://127.0.0.1:${port}`;
const { app, jwt, store } = createServer(workosPlugin, { port, baseUrl, apiKeys: seed.apiKeys });
seedFromConfig(store, baseUrl, seed);

const sign = jwt.sign.bind(jwt);
jwt.sign = (claims, options) => sign({ auth_time: Math.floor(Date.now() / 1000), ...claims }, options);

app.get("/user_management/redirect_uris", (context) =>
  context.json({
    object: "list",
    data: getWorkOSStore(store).redirectUris.all().map((uri) => ({ ...uri, default: false })),
    list_metadata: { before: null, after: null },
  }),
);

let person = null;

const test = {
  "/test/person": ({ email }) => (person = email),
  "/test/forget-redirect-uris": () => getWorkOSStore(store).redirectUris.clear(),
  "/test/keys": ({ key, works }) => (works ? (seed.apiKeys[key] = { environment: "test" }) : delete seed.apiKeys[key]),
};

function refusal(error) {
  return Response.json({ error, error_description: "Invalid client secret." }, { status: 401 });
}

function isMember(userId, organization) {
  const memberships = getWorkOSStore(store).organizationMemberships.findBy("organization_id", organization);
  return memberships.some((membership) => membership.user_id === userId);
}

async function authorize(url, request) {
  if (person && !url.searchParams.has("login_hint")) url.searchParams.set("login_hint", person);
  const answer = await app.fetch(new Request(url, request));
  const { authCodes } = getWorkOSStore(store);
  const back = new URL(answer.headers.get("Location") ?? url);
  const code = authCodes.findOneBy("code", back.searchParams.get("code"));
  const organization = url.searchParams.get("organization_id");
  if (code && isMember(code.user_id, organization)) authCodes.update(code.id, { organization_id: organization });
  return answer;
}

async function authenticate(request) {
  const { client_secret: secret } = await request.clone().json();
  return Object.hasOwn(seed.apiKeys, secret) ? app.fetch(request) : refusal("invalid_client");
}

async function answer(request) {
  const url = new URL(request.url);
  if (url.pathname in test) {
    test[url.pathname](await request.json());
    return Response.json({});
  }
  if (url.pathname === "/user_management/authorize") return authorize(url, request);
  if (url.pathname === "/user_management/authenticate") return authenticate(request);
  return app.fetch(request);
}

serve({ fetch: answer, hostname: "127.0.0.1", port });
