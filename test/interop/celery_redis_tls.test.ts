import { afterAll, beforeAll, expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Celery, type CeleryOptions } from "../../lib/celery/app.ts";
import { Authority } from "../support/certificates.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program } from "../support/program.ts";
import { freePort, RedisServer } from "../support/redis_server.ts";
import { tempDir } from "../support/temp_dir.ts";

const PYTHON_FOLDER = fileURLToPath(new URL("../python/celery", import.meta.url));

describeWithPeers(["redis-server", "python-celery"], "A Redis that speaks TLS only to those who verify it", () => {
  const folder = tempDir();
  const caFile = join(folder.path, "authority.crt");
  let server: RedisServer;
  let url: string;
  let pythonWorker: Program;

  beforeAll(async () => {
    const { cert, key } = new Authority(folder.path).issue("DNS:localhost");
    const [certFile, keyFile] = [join(folder.path, "server.crt"), join(folder.path, "server.key")];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    const port = await freePort();
    server = await RedisServer.start([
      ...["--tls-port", String(port), "--tls-auth-clients", "no"],
      ...["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", caFile],
    ]);
    url = `rediss://localhost:${port}/0`;
    const pythonUrl = `${url}?ssl_cert_reqs=required&ssl_ca_certs=${caFile}`;
    pythonWorker = new Program(PYTHON, ["-m", "celery", "-A", "addTask", "worker", "-l", "INFO", "-P", "solo"], {
      cwd: PYTHON_FOLDER,
      env: { CELERY_BROKER_URL: pythonUrl, CELERY_RESULT_BACKEND: pythonUrl },
    });
    await pythonWorker.printed(/ ready\./);
  });
  afterAll(async () => {
    await pythonWorker.stop();
    await server.stop();
    folder.remove();
  });

  /** Sends one addition to Python's worker and waits for the sum. */
  async function add(options: CeleryOptions): Promise<unknown> {
    const app = new Celery("addTask", {
      broker: url,
      backend: url,
      environment: {},
      taskPublishRetry: false,
      ...options,
    });
    try {
      return await app.sendTask("addTask.add", [2, 3]).get({ timeout: 20 });
    } finally {
      await app.close();
    }
  }

  test("brings Python's sum with the authority named in both settings", async () => {
    const ssl = { ssl_cert_reqs: "CERT_REQUIRED", ssl_ca_certs: caFile };

    expect(await add({ brokerUseSsl: ssl, redisBackendUseSsl: ssl })).toBe(5);
  });

  test("brings it as well with the authority named in the URL, as Python's own has it", async () => {
    const both = `${url}?ssl_cert_reqs=required&ssl_ca_certs=${caFile}`;

    expect(await add({ broker: both, backend: both })).toBe(5);
  });

  test("is refused where nobody vouches for it", async () => {
    await expect(add({})).rejects.toThrow(/self.signed|unable to verify|certificate/i);
  });
});
