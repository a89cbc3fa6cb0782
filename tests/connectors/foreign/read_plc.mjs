// Reads the virtual PLC with node-opcua, an implementation of OPC UA that passline does not share.
// Usage: node read_plc.mjs <folder with node_modules> <work folder>    (the job is JSON on stdin)
// Job: url, namespace, certificate, key (PEM), server (DER), uri, user, password, names.
// Prints one JSON line: namespaces, folders found by browsing, and for every name its value and status.
import { job, opcua, secured } from "./peer.mjs";

const client = secured();

try {
  await client.connect(job.url);
  const session = await client.createSession({
    type: opcua.UserTokenType.UserName,
    userName: job.user,
    password: job.password,
  });
  const namespaces = await session.readNamespaceArray();
  const index = namespaces.indexOf(job.namespace);
  const browse = async (node) => {
    const found = await session.browse({
      nodeId: node,
      referenceTypeId: "HierarchicalReferences",
      browseDirection: opcua.BrowseDirection.Forward,
      includeSubtypes: true,
      resultMask: 63,
    });
    return found.references.map((reference) => reference.browseName.name);
  };
  const folders = await browse(`ns=${index};s=HotStrip`);
  const children = await browse(`ns=${index};s=F1`);
  const nodes = job.names.map((name) => ({
    nodeId: `ns=${index};s=${name}`,
    attributeId: opcua.AttributeIds.Value,
  }));
  const values = await session.read(nodes);
  const read = Object.fromEntries(
    values.map((value, i) => [
      job.names[i],
      { value: value.value.value, good: value.statusCode.isGood() },
    ]),
  );
  const status = await session.write({
    nodeId: `ns=${index};s=FM.SpeedTrim`,
    attributeId: opcua.AttributeIds.Value,
    value: { value: { dataType: opcua.DataType.Double, value: 0.3 } },
  }).catch((error) => error.message);
  const refusal = String(status.name ?? status);
  await session.close();
  console.log(JSON.stringify({ namespaces, folders, children, read, refusal }));
} finally {
  await client.disconnect();
}
