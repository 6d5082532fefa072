import { connect as tcp } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLogger, type LogRecord } from "../../lib/base/log.ts";
import { connect, listen, type ListenOptions, type TlsOptions } from "../../lib/net/mod.ts";
import { Authority, type Certificate } from "../support/certificates.ts";
import { readAll } from "../support/duplex_pair.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers } from "../support/peers.ts";
import { tempDir } from "../support/temp_dir.ts";

const ANY = { host: "127.0.0.1", port: 0 };
const dir = tempDir();
let ours: Authority, others: Authority;
let good: Certificate, expired: Certificate, elsewhere: Certificate;

/** Connects once to a server with `server`'s options; the server says hello to whoever comes through. */
async function talk(server: TlsOptions, client: TlsOptions | undefined, options: ListenOptions = {}) {
  const records: LogRecord[] = [];
  const listener = await listen(ANY, (peer) => void peer.write(Buffer.from("hello")), {
    ...options,
    tls: server,
    log: createLogger((record) => records.push(record)),
  });
  try {
    const connection = await connect(listener.address, { tls: client, timeoutMs: 5000 });
    const said = await readAll(connection).then(String, (error: Error) => error);
    await connection.close();
    return { said, records };
  } catch (error) {
    return { said: error instanceof Error ? error : undefined, records };
  } finally {
    await listener.close({ drainMs: 100 });
  }
}

describeWithPeers(["openssl"], "TLS", () => {
  beforeAll(() => {
    ours = new Authority(dir.path, "ours");
    others = new Authority(dir.path, "others");
    good = ours.issue("DNS:localhost,IP:127.0.0.1");
    expired = ours.issue("DNS:localhost,IP:127.0.0.1", -1);
    elsewhere = ours.issue("DNS:elsewhere.example");
  });
  afterAll(() => dir.remove());

  test("is spoken where the certificate is good, over an address as well as a name", async () => {
    expect((await talk(good, { ca: ours.cert })).said).toBe("hello");
    expect((await talk(good, { ca: ours.cert, serverName: "localhost" })).said).toBe("hello");
  });

  const refusals: readonly [what: string, sides: () => { server: TlsOptions; client: TlsOptions }, why: RegExp][] = [
    [
      "an unknown authority",
      () => ({ server: good, client: { ca: others.cert } }),
      /authority that is not trusted here/,
    ],
    ["no authority of its own", () => ({ server: good, client: {} }), /not trusted here \(UNABLE_TO_VERIFY_LEAF_SIGN/],
    [
      "an expired certificate",
      () => ({ server: expired, client: { ca: ours.cert } }),
      /has expired \(CERT_HAS_EXPIRED\)/,
    ],
    ["another address's certificate", () => ({ server: elsewhere, client: { ca: ours.cert } }), /ALTNAME_INVALID/],
    [
      "another name's certificate",
      () => ({ server: elsewhere, client: { ca: ours.cert, serverName: "localhost" } }),
      /localhost.*ALTNAME_INVALID/,
    ],
  ];
  test.each(refusals)("refuses %s and says why", async (_, sides, why) => {
    const { server, client } = sides();

    const { said } = await talk(server, client);

    expect(String(said)).toContain("Cannot connect to 127.0.0.1:");
    expect(String(said)).toMatch(why);
  });

  test("skips exactly the check that is switched off by name", async () => {
    expect((await talk(elsewhere, { ca: ours.cert, checkHostname: false })).said).toBe("hello");
    expect(String((await talk(elsewhere, { ca: others.cert, checkHostname: false })).said)).toContain("not trusted");
    expect((await talk(expired, { verify: false })).said).toBe("hello");
  });

  test("lets in a client with a certificate of the right authority, where one is required", async () => {
    const server = { ...good, ca: ours.cert, requireClientCertificate: true };

    expect((await talk(server, { ca: ours.cert, ...good })).said).toBe("hello");
  });

  test.each(
    [
      ["no certificate", () => ({ ca: ours.cert }), /showed no certificate|PEER_DID_NOT_RETURN/],
      [
        "a certificate of another authority",
        () => ({ ca: ours.cert, ...others.issue("DNS:client") }),
        /not trusted here|UNABLE_TO/,
      ],
    ] as const,
  )("keeps out a client with %s, and says why on the serving side", async (_, client, why) => {
    const { said, records } = await talk({ ...good, ca: ours.cert, requireClientCertificate: true }, client());

    expect(said).not.toBe("hello");
    await eventually("it is logged", () => records.length > 0);
    expect(records[0]?.message).toBe("TLS handshake failed");
    expect(String(records[0]?.fields.why)).toMatch(why);
  });

  test("shows each side the certificate of the other, where there is one", async () => {
    const shown: unknown[] = [];
    const listener = await listen(ANY, (peer) => {
      shown.push(peer.peerCertificate?.subjectAltName);
      void peer.write(Buffer.from("hello"));
    }, { tls: { ...good, ca: ours.cert, requireClientCertificate: true } });

    const connection = await connect(listener.address, { tls: { ca: ours.cert, ...elsewhere } });
    await readAll(connection);
    const { subject, issuer, validTo } = connection.peerCertificate ?? {};
    await connection.close();
    await listener.close();

    expect(shown).toEqual(["DNS:elsewhere.example"]);
    expect([subject?.["CN"], issuer?.["CN"]]).toEqual(["ours-0", "ours"]);
    expect(validTo?.getTime()).toBeGreaterThan(Date.now());
    expect(connection.peerCertificate).toBeUndefined(); // it has gone with the socket
  });

  test("does not fall back to plain text: neither side gets through to one that speaks none", async () => {
    const plain = await listen(ANY, (peer) => void peer.write(Buffer.from("hello, this is plain text\n")));

    await expect(connect(plain.address, { tls: { verify: false } })).rejects.toThrow("the peer does not speak TLS");
    await plain.close();

    const { said, records } = await talk(good, undefined, { handshakeTimeoutMs: 200 });
    expect(said).not.toBe("hello");
    await eventually("it is logged", () => records.some(({ message }) => message === "TLS handshake failed"));
  });

  test("survives a peer that hangs up in the handshake, and one that never begins it", async () => {
    const records: LogRecord[] = [];
    const listener = await listen(ANY, (peer) => void peer.write(Buffer.from("hello")), {
      tls: good,
      handshakeTimeoutMs: 100,
      log: createLogger((record) => records.push(record)),
    });
    const port = "port" in listener.address ? listener.address.port : 0;

    const rude = tcp(port, "127.0.0.1", () => rude.end(Buffer.from("1603010200", "hex"))).on("error", () => {});
    const mute = tcp(port, "127.0.0.1").on("error", () => {});
    mute.resume();

    await eventually("both are given up", () => records.length === 2);
    const connection = await connect(listener.address, { tls: { ca: ours.cert } });
    expect(String(await readAll(connection))).toBe("hello");
    await connection.close();
    await listener.close();
  });

  test("counts unfinished handshakes against the limit, and drops them when the listener closes", async () => {
    const listener = await listen(ANY, () => {}, { tls: good, maxConnections: 1 });
    const port = "port" in listener.address ? listener.address.port : 0;
    const mute = tcp(port, "127.0.0.1").on("error", () => {});
    await new Promise((resolve) => mute.once("connect", resolve));

    await expect(connect(listener.address, { tls: { ca: ours.cert } })).rejects.toThrow("Cannot connect");
    await listener.close();
    mute.destroy();
  });

  test("refuses a key that does not fit its certificate, in words", async () => {
    await expect(listen(ANY, () => {}, { tls: { cert: good.cert, key: expired.key } })).rejects.toThrow(
      "Cannot use the TLS certificate, key or authorities:",
    );
  });
});
