// Knocks at an OPC UA server with node-opcua, once for every attempt, and says how each ended.
// Usage: node knock.mjs <folder with node_modules> <work folder>    (the job is JSON on stdin)
// Job: url, node, server (DER), attempts: [{certificate, key (PEM), uri, policy, user, password}].
// Without a certificate an attempt is made with its own; without a user it is anonymous.
// Prints one JSON line: for every attempt the value it read, or the error.
import { readFileSync } from "node:fs";
import { job, opcua, store } from "./peer.mjs";

async function knock(attempt) {
  const secured = attempt.policy !== "None";
  const client = opcua.OPCUAClient.create({
    applicationName: "passline foreign client",
    applicationUri: attempt.uri,
    clientCertificateManager: store,
    certificateFile: attempt.certificate,
    privateKeyFile: attempt.key,
    securityMode: opcua.MessageSecurityMode[secured ? "SignAndEncrypt" : "None"],
    securityPolicy: opcua.SecurityPolicy[attempt.policy],
    serverCertificate: secured ? readFileSync(job.server) : undefined,
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0, initialDelay: 200, maxDelay: 500 },
  });
  try {
    await client.connect(job.url);
    const identity = attempt.user
      ? { type: opcua.UserTokenType.UserName, userName: attempt.user, password: attempt.password }
      : { type: opcua.UserTokenType.Anonymous };
    const session = await client.createSession(identity);
    const read = await session.read({ nodeId: job.node, attributeId: opcua.AttributeIds.Value });
    // a server of ours answers a forbidden write for the whole request
    const write = await session.write({
      nodeId: job.node,
      attributeId: opcua.AttributeIds.Value,
      value: { value: { dataType: opcua.DataType.ByteString, value: Buffer.from("foreign") } },
    }).then((status) => status.name, (error) => error.message);
    await session.close();
    return { value: String(read.value.value ?? ""), write };
  } catch (error) {
    return { error: String(error.message ?? error) };
  } finally {
    await client.disconnect();
  }
}

const told = [];
for (const attempt of job.attempts) told.push(await knock(attempt));
console.log(JSON.stringify(told));
