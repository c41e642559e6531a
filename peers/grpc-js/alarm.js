// Wakes the event loop when calls are due. Node.js's own timers go by milliseconds; a thread that waits on a futex goes by
// microseconds, and a message of it wakes the loop at once.

const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

/** Calls `due` with how many of these starts have come, until all have. Times are nanoseconds since `zero`. */
exports.alarm = (schedule, zero, due) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: { schedule, zero } });
    worker.on("message", due);
    worker.on("error", reject);
    worker.on("exit", resolve);
  });

function ring({ schedule, zero }) {
  const never = new Int32Array(new SharedArrayBuffer(4));
  const now = () => Number(process.hrtime.bigint() - zero);
  let due = 0;
  while (due < schedule.length) {
    const rest = schedule[due] - now();
    if (rest > 0) Atomics.wait(never, 0, 0, rest / 1e6);
    else {
      while (due < schedule.length && schedule[due] <= now()) due += 1;
      parentPort.postMessage(due);
    }
  }
}

if (!isMainThread) ring(workerData);
