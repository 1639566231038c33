// Serves WorkOS's own emulator on 127.0.0.1: node serve.mjs FOLDER PORT SEED_JSON
//
// It is the emulator as WorkOS ships it, with three additions of ours, each because a real AuthKit does it:
// - access tokens have a numeric auth_time claim, which WorkOS's Python SDK expects;
// - somebody sits at the keyboard: POST /test/person {"email"} says who signs in where no login_hint does;
// - the redirect URIs that were registered can be listed.

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

async function answer(request) {
  const url = new URL(request.url);
  if (url.pathname === "/test/person") {
    person = (await request.json()).email;
    return Response.json({ person });
  }
  if (url.pathname === "/user_management/authorize" && person && !url.searchParams.has("login_hint")) {
    url.searchParams.set("login_hint", person);
    return app.fetch(new Request(url, request));
  }
  return app.fetch(request);
}

serve({ fetch: answer, hostname: "127.0.0.1", port });
