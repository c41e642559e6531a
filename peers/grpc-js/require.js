// The metadata that every call of the Greeter must have; of -bin keys it is written in base64.

const grpc = require("@grpc/grpc-js");

/** Handlers that refuse calls without it; the same ones where nothing is required. `required` are `KEY=VALUE`. */
exports.requiring = (required, handlers) => {
  if (required.length === 0) return handlers;
  const pairs = required.map((written) => [written.split("=", 1)[0], written.slice(written.indexOf("=") + 1)]);
  const refused = (metadata) => {
    const lacking = pairs.find(([key, value]) => !isGiven(metadata.get(key), value));
    if (lacking === undefined) return null;
    const details = `the call lacks the \`${lacking[0]}\` that it must have`;
    return Object.assign(new Error(details), { code: grpc.status.UNAUTHENTICATED, details });
  };
  const guard = (handler) => (call, callback) => {
    const error = refused(call.metadata);
    if (error === null) handler(call, callback);
    else if (callback) callback(error);
    else call.emit("error", error);
  };
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, guard(handler)]));
};

function isGiven(values, value) {
  const text = (given) => (Buffer.isBuffer(given) ? given.toString("base64") : given);
  return values.length === 1 && text(values[0]) === value;
}
