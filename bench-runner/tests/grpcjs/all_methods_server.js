// A greeter of all five methods on @grpc/grpc-js, which answers in the shape that it is asked for.
//
// Prints its port, serves until its standard input ends, then prints what it has counted, by method, as JSON.

const { grpc, load, measured } = require("./protos");

const counts = {};

function count(method, more) {
  counts[method] ??= { calls: 0, requests: 0, replies: 0, request_bytes: 0, reply_bytes: 0 };
  for (const [key, value] of Object.entries(more)) counts[method][key] += value;
}

const service = measured(
  load("helloworld.proto")["helloworld.Greeter"],
  (method, length) => count(method, { requests: 1, request_bytes: length }),
  (method, length) => count(method, { replies: 1, reply_bytes: length }),
);

const replyOf = (shape) => ({ message: "x".repeat(shape?.size ?? 0) });

/** Waits as long as the caller's metadata asks for. */
function delayed(call, act) {
  const [asked] = call.metadata.get("x-delay-ms");
  return asked ? setTimeout(act, Number(asked)) : act();
}

/** The trailers that the shape asks for, and the caller's x-large sent back. */
function trailersOf(call, shape) {
  const trailers = new grpc.Metadata();
  for (const [name, value] of Object.entries(shape?.trailers ?? {})) trailers.set(name, value);
  for (const value of call.metadata.get("x-large")) trailers.set("x-large", value);
  return trailers;
}

/** The status that the shape asks for, as an error; null where it is OK. */
function errorOf(call, shape) {
  if (!shape?.status_code) return null;
  const metadata = trailersOf(call, shape);
  return { code: shape.status_code, details: shape.status_message ?? "", metadata };
}

function answer(call, shape, callback) {
  const error = errorOf(call, shape);
  if (error) callback(error);
  else callback(null, replyOf(shape), trailersOf(call, shape));
}

function end(call, shape) {
  const error = errorOf(call, shape);
  if (error) call.emit("error", error);
  else call.end(trailersOf(call, shape));
}

function sayHello(call, callback) {
  count(call.getPath().split("/")[2], { calls: 1 });
  delayed(call, () => answer(call, call.request.reply, callback));
}

function lotsOfReplies(call) {
  count("LotsOfReplies", { calls: 1 });
  const shape = call.request.reply;
  delayed(call, () => {
    for (let sent = 0; sent < (shape?.messages ?? 1); sent++) call.write(replyOf(shape));
    end(call, shape);
  });
}

function lotsOfGreetings(call, callback) {
  count("LotsOfGreetings", { calls: 1 });
  let first;
  call.on("data", (request) => (first ??= request));
  call.on("error", () => {});
  call.on("end", () => delayed(call, () => answer(call, first?.reply, callback)));
}

function bidiHello(call) {
  count("BidiHello", { calls: 1 });
  let first;
  call.on("data", (request) => {
    first ??= request;
    call.write(replyOf(request.reply ?? first.reply));
  });
  call.on("error", () => {});
  call.on("end", () => delayed(call, () => end(call, first?.reply)));
}

const server = new grpc.Server(JSON.parse(process.argv[2] ?? "{}"));
server.addService(service, {
  SayHello: sayHello,
  SayHelloAgain: sayHello,
  LotsOfReplies: lotsOfReplies,
  LotsOfGreetings: lotsOfGreetings,
  BidiHello: bidiHello,
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
process.stdin.resume();
process.stdin.on("end", () => {
  server.tryShutdown(() => {
    console.log(JSON.stringify(counts));
    process.exit(0);
  });
});
