// Calls all five methods of the reference server with @grpc/grpc-js and checks what comes: replies, counts, statuses,
// metadata.
//
// Takes the server's address; prints how many calls it made, every one of which went as it should. PEER is the folder of
// the peer, whose messages it speaks in.

const assert = require("node:assert/strict");
const grpc = require("@grpc/grpc-js");
const { greeter, reference } = require(`${process.env.PEER}/protos`);

const SIZES = [1, 16 << 10, 1 << 20];
const METHODS = ["SayHello", "SayHelloAgain", "LotsOfReplies", "LotsOfGreetings", "BidiHello"];
const TEXT = "no such tenant: 100 % gr\u00fcn";
const LARGE = "v".repeat(6000);
// Messages of a stream.
const MANY = 5;

const sendsMany = (method) => method === "LotsOfGreetings" || method === "BidiHello";
const getsMany = (method) => method === "LotsOfReplies" || method === "BidiHello";

const counts = {};
let calls = 0;

function count(method, more) {
  counts[method] ??= {};
  for (const [key, value] of Object.entries(more)) counts[method][key] = (counts[method][key] ?? 0) + value;
}

const service = greeter(
  (method, length) => count(method, { requests: 1, request_bytes: length }),
  (method, length) => count(method, { replies: 1, reply_bytes: length }),
);
const Greeter = grpc.makeGenericClientConstructor(service, "Greeter");

/** The requests of a call with messages of a size, and the sizes of its replies. */
function requestsOf(method, size, shape = {}) {
  const messages = method === "LotsOfReplies" ? { messages: MANY } : {};
  const request = { name: "n".repeat(size), reply: { size, ...messages, ...shape } };
  return {
    requests: Array(sendsMany(method) ? MANY : 1).fill(request),
    sizes: Array(getsMany(method) ? MANY : 1).fill(size),
  };
}

/** A call under way: `done` gives what came of it, `onReply` hears of each reply. */
function start(client, method, first, metadata, { timeout = 20_000, onReply = () => {} } = {}) {
  calls += 1;
  count(method, { calls: 1 });
  const options = { deadline: Date.now() + timeout };
  const outcome = { sizes: [], metadata: null, status: null };
  const take = (reply) => {
    outcome.sizes.push(reply.message.length);
    onReply(reply);
  };
  // What a call without a stream of replies ends with is told by its status too.
  const single = (error, reply) => error || take(reply);
  const fixed = sendsMany(method) ? [] : [first];
  const callback = getsMany(method) ? [] : [single];
  const call = client[method](...fixed, metadata ?? new grpc.Metadata(), options, ...callback);
  if (getsMany(method)) call.on("data", take).on("error", () => {});
  call.on("metadata", (metadata) => (outcome.metadata = metadata));
  const done = new Promise((resolve) => call.on("status", (status) => resolve({ ...outcome, status })));
  return { call, done };
}

/** A whole call, held against what was asked for. */
async function whole(client, method, { requests, sizes }, { metadata, code = grpc.status.OK } = {}) {
  const { call, done } = start(client, method, requests[0], metadata);
  if (sendsMany(method)) {
    for (const request of requests) call.write(request);
    call.end();
  }
  const outcome = await done;
  assert.equal(outcome.status.code, code, `${method}: ${outcome.status.details}`);
  assert.deepEqual(outcome.sizes, sizes, method);
  if (code === grpc.status.OK) count(method, { ok: 1 });
  return outcome;
}

async function wholeCalls(client) {
  for (const method of METHODS) {
    for (const size of SIZES) await whole(client, method, requestsOf(method, size));
  }
}

async function pingPong(client) {
  for (const size of SIZES) {
    const { requests, sizes } = requestsOf("BidiHello", size);
    const left = [...requests];
    const next = () => (left.length > 0 ? call.write(left.pop()) : call.end());
    const { call, done } = start(client, "BidiHello", null, null, { onReply: () => next() });
    next();
    const { status, sizes: got } = await done;
    assert.equal(status.code, grpc.status.OK);
    assert.deepEqual(got, sizes);
    count("BidiHello", { ok: 1 });
  }
}

async function manyAtOnce(client) {
  for (const method of METHODS) {
    const all = Array.from({ length: 50 }, () => whole(client, method, requestsOf(method, 1000)));
    await Promise.all(all);
  }
}

async function statusesAndTrailers(client) {
  for (const method of METHODS) {
    const trailers = { "x-tail": "blue", "x-large": LARGE };
    const shape = { status_code: 5, status_message: TEXT, trailers };
    const asked = requestsOf(method, 10, shape);
    // A single reply is not sent with an error, as any gRPC server has it; a stream's are.
    if (!getsMany(method)) asked.sizes = [];
    const metadata = new grpc.Metadata();
    metadata.set("x-large", LARGE);
    metadata.set("x-bytes-bin", Buffer.from([0, 255]));
    const { status } = await whole(client, method, asked, { metadata, code: grpc.status.NOT_FOUND });
    assert.equal(status.details, TEXT);
    for (const [name, value] of Object.entries(trailers)) assert.deepEqual(status.metadata.get(name), [value]);
  }
}

/** The server's initial metadata, before anything is replied. */
async function metadataComesAtOnce(client) {
  const { requests } = requestsOf("BidiHello", 10, { when: "WHEN_AFTER_ALL", headers_at_once: true });
  const { call, done } = start(client, "BidiHello");
  const [first, ...rest] = requests;
  const metadata = new Promise((resolve) => call.on("metadata", resolve));
  call.write(first);
  await metadata;
  for (const request of rest) call.write(request);
  call.end();
  const { status, sizes } = await done;
  assert.equal(status.code, grpc.status.OK);
  assert.deepEqual(sizes, [10]);
  count("BidiHello", { ok: 1 });
}

async function countsAgree(client) {
  const { path, requestSerialize, responseDeserialize } = reference().GetCounters;
  const { methods } = await new Promise((resolve, reject) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error, counters) =>
      error ? reject(error) : resolve(counters),
    ),
  );
  for (const method of METHODS) assert.deepEqual({ ...methods[method] }, counts[method], method);
}

/** Deadlines, cancellations, refusals; after each of them the connection goes on. */
async function whatEndsEarly(client) {
  const late = await start(client, "LotsOfGreetings", null, null, { timeout: 200 }).done;
  // The server's clock may be first, and tonic, which both faces go by, says CANCELLED then.
  const isLate = late.status.code === grpc.status.DEADLINE_EXCEEDED || late.status.details === "Timeout expired";
  assert.ok(isLate, JSON.stringify(late.status));
  const cancelled = start(client, "BidiHello", null, null, { onReply: () => cancelled.call.cancel() });
  cancelled.call.write(requestsOf("BidiHello", 10).requests[0]);
  assert.equal((await cancelled.done).status.code, grpc.status.CANCELLED);
  calls += 1;
  const unknown = await new Promise((resolve) =>
    client.makeUnaryRequest("/helloworld.Greeter/Nothing", (b) => b, (b) => b, Buffer.alloc(0), resolve),
  );
  assert.equal(unknown.code, grpc.status.UNIMPLEMENTED);
  await whole(client, "SayHello", requestsOf("SayHello", 1));
}

async function run(address) {
  const client = new Greeter(address, grpc.credentials.createInsecure());
  await wholeCalls(client);
  await pingPong(client);
  await manyAtOnce(client);
  await statusesAndTrailers(client);
  await metadataComesAtOnce(client);
  await countsAgree(client);
  await whatEndsEarly(client);
  client.close();
  console.log(`${calls} calls went as they should`);
}

run(process.argv[2]);
