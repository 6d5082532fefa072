import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { Authority, type Certificate } from "../../support/certificates.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { Program, run } from "../../support/program.ts";
import { tempDir } from "../../support/temp_dir.ts";

const folder = tempDir();
afterAll(() => folder.remove());

class Guarded {
  static exposed = ["whoami"];

  whoami(): unknown {
    return Pyro.currentContext()?.client.certificate?.subject["CN"];
  }
}

/** Python's client: prints the answer, or why it was refused. */
const CLIENT = `
import sys, Pyro4
try:
    print(Pyro4.Proxy(sys.argv[1]).whoami())
except Exception as error:
    print(error)
`;

/** Python's server: looks at its clients' certificates, and prints what its own client saw of them. */
const SERVER = `
import json, Pyro4
class Daemon(Pyro4.Daemon):
    def validateHandshake(self, conn, data):
        print("SEEN " + json.dumps(conn.getpeercert()), flush=True)
        return super(Daemon, self).validateHandshake(conn, data)
@Pyro4.expose
class Guarded(object):
    def whoami(self):
        return Pyro4.current_context.client.getpeercert()["subject"][0][0][1]
daemon = Daemon(host="127.0.0.1")
print("READY %s" % daemon.register(Guarded, "guarded"), flush=True)
daemon.requestLoop()
`;

function file(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

function variables(authority: Authority, { cert, key }: Certificate): Record<string, string> {
  return {
    PYRO_SSL: "1",
    PYRO_SSL_REQUIRECLIENTCERT: "1",
    PYRO_SSL_CACERTS: file("ca.pem", authority.cert),
    PYRO_SSL_SERVERCERT: file("server.pem", cert),
    PYRO_SSL_SERVERKEY: file("server.key", key),
    PYRO_SSL_CLIENTCERT: file("client.pem", cert),
    PYRO_SSL_CLIENTKEY: file("client.key", key),
  };
}

describeWithPeers(["python-pyro4", "openssl"], "The peer's certificate", () => {
  let authority: Authority, server: Certificate, friend: Certificate, stranger: Certificate;

  beforeAll(() => {
    authority = new Authority(folder.path, "certified");
    server = authority.issue("IP:127.0.0.1"); // certified-0
    friend = authority.issue("DNS:friend.example"); // certified-1
    stranger = authority.issue("DNS:stranger.example"); // certified-2
  });

  test("of Python's client lets our daemon decide whom to let in", async () => {
    const seen: (string | undefined)[] = [];
    const daemon = await Pyro.Daemon.start({
      host: "127.0.0.1",
      config: Pyro.configFromVariables(variables(authority, server)),
      validateHandshake: ({ certificate }) => {
        seen.push(certificate?.subjectAltName);
        if (certificate?.subject["CN"] !== "certified-1") throw new Error("this certificate is not for us");
        return "welcome";
      },
    });
    const uri = String(daemon.register(Guarded, "guarded"));

    const ask = (certificate: Certificate) =>
      run(PYTHON, ["-c", CLIENT, uri], { env: variables(authority, certificate) });
    expect((await ask(friend)).stdout).toBe("certified-1\n");
    expect((await ask(stranger)).stdout).toMatch(/rejected: this certificate is not for us\n$/);
    await daemon.close();

    expect(seen).toEqual(["DNS:friend.example", "DNS:stranger.example"]);
  });

  test("of Python's daemon is shown to our proxy, field by field as Python sees ours", async () => {
    const program = new Program(PYTHON, ["-c", SERVER], { env: variables(authority, server) });
    const [, uri = ""] = await program.printed(/READY (\S+)/);
    let shown: Pyro.PeerCertificate | undefined;
    const proxy = new Pyro.Proxy<Guarded>(uri, {
      config: Pyro.configFromVariables(variables(authority, server)),
      validateHandshake: (_, certificate) => void (shown = certificate),
    });

    expect(await proxy.whoami()).toBe("certified-0");
    const [, json = ""] = await program.printed(/SEEN (.*)/);
    await proxy._pyroRelease();
    await program.stop();

    const theirs = JSON.parse(json) as Record<string, string & string[][][]>;
    expect(shown?.subject["CN"]).toBe(theirs["subject"]?.[0]?.[0]?.[1]);
    expect(shown?.issuer["CN"]).toBe(theirs["issuer"]?.[0]?.[0]?.[1]);
    expect(shown?.serialNumber).toBe(theirs["serialNumber"]);
    expect(shown?.validFrom).toEqual(new Date(theirs["notBefore"] ?? ""));
    expect(shown?.validTo).toEqual(new Date(theirs["notAfter"] ?? ""));
    expect(shown?.subjectAltName).toBe("IP Address:127.0.0.1");
  });

  test("is checked by our proxy before any call: what its validator throws ends the connection", async () => {
    const tls = { ...server, ca: authority.cert };
    const daemon = await Pyro.Daemon.start({ host: "127.0.0.1", tls });
    const uri = daemon.register(Guarded, "guarded");
    const proxy = new Pyro.Proxy<Guarded>(uri, {
      tls,
      validateHandshake: (_, certificate) => {
        if (certificate?.issuer["CN"] !== "another authority") throw new Error("issued by the wrong authority");
      },
    });

    await expect(proxy.whoami()).rejects.toThrow("issued by the wrong authority");
    expect(proxy._pyroConnected).toBe(false);
    await daemon.close();
  });

  test("is missing where there is no TLS, and where none was asked for", async () => {
    const seen: unknown[] = [];
    for (const tls of [undefined, server]) {
      const daemon = await Pyro.Daemon.start({
        host: "127.0.0.1",
        ...(tls === undefined ? {} : { tls }),
        validateHandshake: ({ certificate }) => void seen.push(certificate),
      });
      const proxy = new Pyro.Proxy<Guarded>(
        daemon.register(Guarded, "guarded"),
        tls === undefined ? {} : { tls: { ca: authority.cert } },
      );
      await proxy._pyroBind();
      await proxy._pyroRelease();
      await daemon.close();
    }

    expect(seen).toEqual([undefined, undefined]);
  });
});
