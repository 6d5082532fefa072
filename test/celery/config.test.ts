import { describe, expect, test } from "vitest";
import { createConfig, pythonName } from "../../lib/celery/config.ts";
import { settingsFromEnvironment } from "../../lib/celery/env.ts";
import { Celery } from "../../lib/celery/mod.ts";
import { TimeDelta } from "../../lib/base/pyvalue.ts";

describe("app.conf", () => {
  test("has Celery's defaults", () => {
    const conf = createConfig();

    expect(conf).toMatchObject({
      acceptContent: ["json"],
      taskDefaultQueue: "celery",
      workerPrefetchMultiplier: 4,
      resultExpires: 86_400,
      taskPublishRetryPolicy: { maxRetries: 3, intervalStart: 0, intervalStep: 0.2, intervalMax: 1 },
    });
    expect(conf.isSet("taskDefaultQueue")).toBe(false);
  });

  test.each([
    [{ taskAcksLate: true }],
    [{ task_acks_late: true }],
    [{ CELERY_TASK_ACKS_LATE: true }],
    [{ CELERY_ACKS_LATE: true }],
  ])("takes settings by any of their names: %j", (values) => {
    const conf = createConfig();

    conf.update(values);

    expect(conf.taskAcksLate).toBe(true);
  });

  test("can be set one by one, and shows what was set under Python's names", () => {
    const conf = createConfig();
    conf.workerConcurrency = 4;
    conf.timezone = "Europe/Berlin";

    expect(conf.toPython()).toEqual({ worker_concurrency: 4, timezone: "Europe/Berlin" });
    expect(Object.keys(conf.toPython(true)).length).toBeGreaterThan(100);
  });

  test("takes durations as Python does, and deliveries by name", () => {
    const conf = createConfig();
    conf.update({ result_expires: new TimeDelta(1), task_default_delivery_mode: "transient" });

    expect([conf.resultExpires, conf.taskDefaultDeliveryMode]).toEqual([86_400, 1]);
  });

  test("fills in what a retry policy leaves out", () => {
    const conf = createConfig();
    conf.update({ task_publish_retry_policy: { max_retries: null, interval_start: 5 } });

    expect(conf.taskPublishRetryPolicy).toEqual({
      maxRetries: null,
      intervalStart: 5,
      intervalStep: 0.2,
      intervalMax: 1,
    });
  });

  test.each([
    [{ taskAckLate: true }, "Cannot use the setting taskAckLate: there is none of that name"],
    [{ task_ackslate: true }, "is taskAcksLate meant?"],
    [{ __proto__: 1, constructor: 1 }, "Cannot use the setting constructor: there is none of that name"],
    [{ taskAcksLate: "yes" }, 'Cannot use the setting taskAcksLate: expected true or false, got "yes" (string)'],
    [{ acceptContent: "json" }, "expected a list of texts"],
    [{ brokerUrl: "" }, "expected a URL, or several"],
    [{ brokerUrl: [] }, "expected a URL, or several"],
    [{ taskProtocol: 3 }, "expected one of 1, 2, got 3 (number)"],
    [{ brokerConnectionTimeout: -1 }, "expected a number from 0, got -1 (number)"],
    [{ timezone: "Mars/Olympus" }, "is not a known IANA name"],
    [{ CELERY_ACKS_LATE: true, task_serializer: "json" }, "Cannot mix new and old setting keys"],
  ])("refuses %j", (values, message) => {
    expect(() => createConfig().update(values)).toThrow(message);
  });

  test("belongs to one app alone", () => {
    const [a, b] = [new Celery("a", { environment: {} }), new Celery("b", { environment: {} })];
    a.conf.taskDefaultQueue = "mine";

    expect(b.conf.taskDefaultQueue).toBe("celery");
  });
});

describe("settingsFromEnvironment", () => {
  test("gives the URLs that the environment names, over those in the program", () => {
    const environment = { CELERY_BROKER_URL: "redis://there/0", CELERY_RESULT_BACKEND: "", HOME: "/root" };

    expect(settingsFromEnvironment(environment)).toEqual({ brokerUrl: "redis://there/0" });
    expect(new Celery("a", { broker: "amqp://here", environment }).conf.brokerUrl).toBe("redis://there/0");
  });
});

describe("pythonName", () => {
  test("writes names as Python does", () => {
    expect(pythonName("taskAllowErrorCbOnChordHeader")).toBe("task_allow_error_cb_on_chord_header");
  });
});
