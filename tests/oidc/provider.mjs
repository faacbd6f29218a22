// A real OpenID provider for tests: `node provider.mjs PORT REDIRECT_URI < JWKS`, says "ready".
// Whoever signs in is who the form says; people's groups are their name's first word.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Provider } from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const audience = "https://milepost.test";
const asked = { jwks: 0 };

const groupsOf = (who) => [who.split(".")[0]];
const provider = new Provider(issuer, {
  jwks: JSON.parse(await text(process.stdin)),
  cookies: { keys: ["of a test"] },
  pkce: { required: () => true },
  clients: [
    {
      client_id: "milepost",
      client_secret: "of the test's console, long enough",
      redirect_uris: [redirectUri],
    },
    {
      client_id: "dispatch.service",
      client_secret: "of the test's service, long enough",
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
    },
  ],
  claims: { openid: ["sub"], profile: ["name", "groups"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} by name`, groups: groupsOf(id) }),
  }),
  extraTokenClaims: (_, token) => ({ groups: groupsOf(token.clientId) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) => (client.clientId === "milepost" ? undefined : audience),
      getResourceServerInfo: () => ({
        scope: "",
        audience,
        accessTokenFormat: "jwt",
        accessTokenTTL: 300,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 300, IdToken: 300 },
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
});

const form = `<!doctype html><title>Provider</title><form method="post">
<input name="who" aria-label="who"><button>Go on</button></form>`;
const handler = provider.callback();

async function serve(request, response) {
  if (request.url === "/asked") return response.end(JSON.stringify(asked));
  if (request.url.startsWith("/jwks")) asked.jwks += 1;
  if (!request.url.startsWith("/interaction/")) return handler(request, response);
  if (request.method === "GET") {
    return response.setHeader("Content-Type", "text/html").end(form);
  }
  const who = new URLSearchParams(await text(request)).get("who");
  const result = who
    ? { login: { accountId: who } }
    : { error: "access_denied", error_description: "nobody" };
  return provider.interactionFinished(request, response, result);
}

createServer(serve).listen(Number(port), "127.0.0.1", () => console.log("ready"));
