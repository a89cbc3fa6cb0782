// Subscribes to nodes and writes some of them with node-opcua, secured and with a user.
// Usage: node exchange.mjs <folder with node_modules> <work folder>    (the job is JSON on stdin)
// Job: url, namespace, certificate, key (PEM), server (DER), uri, user, password,
//      follow: names, writes: [{name, type, value}] (64 bits as [high, low], bytes as hex).
// Prints one JSON line: status of each write, and what each followed node told: first and last
// value, its type, how many notifications, whether all were good.
import { job, opcua, secured } from "./peer.mjs";

const client = secured();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const plain = (value) => (Buffer.isBuffer(value) ? value.toString("hex") : value);

try {
  await client.connect(job.url);
  const session = await client.createSession({
    type: opcua.UserTokenType.UserName,
    userName: job.user,
    password: job.password,
  });
  const index = (await session.readNamespaceArray()).indexOf(job.namespace);
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 50,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 10,
    publishingEnabled: true,
  });
  const told = {};
  for (const name of job.follow) {
    const item = await subscription.monitor(
      { nodeId: `ns=${index};s=${name}`, attributeId: opcua.AttributeIds.Value },
      { samplingInterval: 50, queueSize: 10, discardOldest: true },
      opcua.TimestampsToReturn.Both,
    );
    item.on("changed", (shown) => {
      const one = (told[name] ??= { first: plain(shown.value.value), count: 0, good: true });
      one.last = plain(shown.value.value);
      one.type = opcua.DataType[shown.value.dataType];
      one.count += 1;
      one.good &&= shown.statusCode.isGood();
    });
  }
  const enough = async (least) => {
    for (let n = 0; n < 600; n += 1) {
      if (job.follow.every((name) => (told[name]?.count ?? 0) >= least(name))) return;
      await pause(50);
    }
  };
  await enough(() => 1);
  const before = Object.fromEntries(job.follow.map((name) => [name, told[name]?.count ?? 0]));
  const written = {};
  for (const { name, type, value } of job.writes) {
    const dataType = opcua.DataType[type];
    const meant = type === "ByteString" ? Buffer.from(value, "hex") : value;
    const status = await session
      .write({
        nodeId: `ns=${index};s=${name}`,
        attributeId: opcua.AttributeIds.Value,
        // two words of a 64-bit number would otherwise be taken for an array
        value: { value: { dataType, arrayType: opcua.VariantArrayType.Scalar, value: meant } },
      })
      .catch((error) => error.message);
    written[name] = String(status.name ?? status);
  }
  await enough((name) => before[name] + (job.changes.includes(name) ? 1 : 0));
  await session.close();
  console.log(JSON.stringify({ told, written }));
} finally {
  await client.disconnect();
}
