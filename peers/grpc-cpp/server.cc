#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <functional>
#include <iostream>
#include <map>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "helloworld.grpc.pb.h"
#include "peer.h"
#include "reference.grpc.pb.h"
#include "require.h"
#include "shape.h"
#include "status.h"

using grpc::CallbackServerContext;
using grpc::Status;
using helloworld::HelloReply;
using helloworld::HelloRequest;

namespace {

// What the server has counted for one method.
struct Counts {
  std::atomic<uint64_t> calls{0}, ok{0}, requests{0}, replies{0}, request_bytes{0}, reply_bytes{0};

  void request(const HelloRequest& message) {
    requests += 1;
    request_bytes += message.ByteSizeLong();
  }

  void reply(const HelloReply& message) {
    replies += 1;
    reply_bytes += message.ByteSizeLong();
  }
};

// How all calls are answered, whatever they ask for.
struct Behaviour {
  std::chrono::nanoseconds delay{0};
  double error_share = 0;
  grpc::StatusCode error_code = grpc::StatusCode::UNAVAILABLE;
  std::chrono::nanoseconds error_delay{0};
  std::atomic<uint64_t> calls{0};
  Required required;

  // The next call's fate, from a sequence that is the same in every run: multiples of the golden ratio.
  bool fails() {
    if (error_share <= 0) return false;
    double whole;
    return std::modf(++calls * (1 + std::sqrt(5.0)) / 2, &whole) < error_share;
  }

  // What comes before the first reply: the delay, or a failure in its place.
  void open(std::function<void(Status)> then) {
    const bool is_failing = fails();
    const auto wait = is_failing ? error_delay : delay;
    const Status status = is_failing ? Status(error_code, "as the server was told to fail") : Status::OK;
    if (wait.count() <= 0) return then(status);
    auto* alarm = new grpc::Alarm;
    alarm->Set(std::chrono::system_clock::now() + wait, [=](bool) {
      then(status);
      delete alarm;
    });
  }
};

// What every call has, whatever its pattern.
struct Call {
  Call(CallbackServerContext* context, Counts* counts, Behaviour* behaviour)
      : context(context), counts(counts), behaviour(behaviour) {
    counts->calls += 1;
  }

  // Reads what the first request asks for; what is wrong with the call is the status.
  Status read(const HelloRequest& first, Pattern pattern) {
    if (Status refused = behaviour->required.admit(*context); !refused.ok()) return refused;
    return shape.read(first, pattern);
  }

  // The status of a call whose replies are all sent. It is counted in full before that leaves.
  Status end() {
    shape.add_trailers(context);
    if (!shape.fails()) counts->ok += 1;
    return shape.end();
  }

  CallbackServerContext* context;
  Counts* counts;
  Behaviour* behaviour;
  Shape shape;
};

// One request, one reply.
class Unary : public grpc::ServerUnaryReactor, Call {
 public:
  Unary(CallbackServerContext* context, Counts* counts, Behaviour* behaviour, const HelloRequest* request,
        HelloReply* reply)
      : Call(context, counts, behaviour), reply_(reply) {
    counts->request(*request);
    if (Status wrong = read(*request, Pattern::kOneRequest); !wrong.ok()) {
      Finish(wrong);
      return;
    }
    if (shape.headers_at_once()) StartSendInitialMetadata();
    behaviour->open([this](Status status) { Finish(status.ok() ? answer() : status); });
  }

  void OnDone() override { delete this; }

 private:
  Status answer() {
    if (shape.fails()) return end();
    if (Status wrong = shape.reply_to_first(reply_); !wrong.ok()) return wrong;
    counts->reply(*reply_);
    return end();
  }

  HelloReply* reply_;
};

// One request, many replies.
class Replies : public grpc::ServerWriteReactor<HelloReply>, Call {
 public:
  Replies(CallbackServerContext* context, Counts* counts, Behaviour* behaviour, const HelloRequest* request)
      : Call(context, counts, behaviour) {
    counts->request(*request);
    if (Status wrong = read(*request, Pattern::kOneRequest); !wrong.ok()) {
      Finish(wrong);
      return;
    }
    if (Status wrong = shape.reply_to_first(&reply_); !wrong.ok()) {
      Finish(wrong);
      return;
    }
    if (shape.headers_at_once()) StartSendInitialMetadata();
    left_ = shape.replies();
    behaviour->open([this](Status status) { status.ok() ? next() : Finish(status); });
  }

  void OnWriteDone(bool ok) override { ok ? next() : Finish(Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  void next() {
    if (left_ == 0) return Finish(end());
    left_ -= 1;
    counts->reply(reply_);
    StartWrite(&reply_);
  }

  HelloReply reply_;
  uint32_t left_ = 0;
};

// Many requests, and replies as they come, every so many, or after all.
class Conversation : public grpc::ServerBidiReactor<HelloRequest, HelloReply>, Call {
 public:
  Conversation(CallbackServerContext* context, Counts* counts, Behaviour* behaviour, Pattern pattern)
      : Call(context, counts, behaviour), pattern_(pattern) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (ok) counts->request(request_);
    if (!is_begun_ && !begin(ok)) return;
    if (!ok) return ended();
    latest_.Swap(&request_);
    unanswered_ += 1;
    if (unanswered_ == shape.every()) {
      open(&Conversation::echo);
    } else {
      StartRead(&request_);
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(Status::CANCELLED);
    is_ended_ ? next() : StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  bool begin(bool has_request) {
    is_begun_ = true;
    const Status wrong = read(has_request ? request_ : HelloRequest(), pattern_);
    if (!wrong.ok()) Finish(wrong);
    if (wrong.ok() && shape.headers_at_once()) StartSendInitialMetadata();
    return wrong.ok();
  }

  void open(void (Conversation::*then)()) {
    if (is_open_) return (this->*then)();
    is_open_ = true;
    behaviour->open([this, then](Status status) { status.ok() ? (this->*then)() : Finish(status); });
  }

  void ended() {
    is_ended_ = true;
    if (context->IsCancelled()) return Finish(Status::CANCELLED);
    if (shape.every() == 0) {
      left_ = shape.replies();
      if (Status wrong = shape.reply_to_first(&reply_); !wrong.ok()) return Finish(wrong);
      open(&Conversation::next);
    } else if (unanswered_ > 0) {
      open(&Conversation::echo);
    } else {
      next();
    }
  }

  void echo() {
    unanswered_ = 0;
    if (Status wrong = shape.reply(latest_.name(), latest_.reply(), &reply_); !wrong.ok()) return Finish(wrong);
    if (shape.answers_only_first()) shape.answer_no_more();
    write();
  }

  void next() {
    if (left_ == 0) return Finish(end());
    left_ -= 1;
    write();
  }

  void write() {
    counts->reply(reply_);
    // The last of all leaves together with the status, as the one reply of a client-streaming handler does.
    const bool is_last = is_ended_ && left_ == 0 && !shape.fails();
    is_last ? StartWriteAndFinish(&reply_, grpc::WriteOptions(), end()) : StartWrite(&reply_);
  }

  const Pattern pattern_;
  HelloRequest request_, latest_;
  HelloReply reply_;
  uint32_t unanswered_ = 0, left_ = 0;
  bool is_begun_ = false, is_open_ = false, is_ended_ = false;
};

class Greeter final : public helloworld::Greeter::CallbackService {
 public:
  explicit Greeter(Behaviour* behaviour) : behaviour_(behaviour) {
    // With one reply the library sends it together with the status; a stream of one may have it earlier. This is how the
    // generated code makes a bidirectional method.
    MarkMethodCallback(kLotsOfGreetings, new grpc::internal::CallbackBidiHandler<HelloRequest, HelloReply>(
                                             [this](CallbackServerContext* context) {
                                               return new Conversation(context, &counts["LotsOfGreetings"], behaviour_,
                                                                       Pattern::kGreetings);
                                             }));
  }

  grpc::ServerUnaryReactor* SayHello(CallbackServerContext* context, const HelloRequest* request,
                                     HelloReply* reply) override {
    return new Unary(context, &counts["SayHello"], behaviour_, request, reply);
  }

  grpc::ServerUnaryReactor* SayHelloAgain(CallbackServerContext* context, const HelloRequest* request,
                                          HelloReply* reply) override {
    return new Unary(context, &counts["SayHelloAgain"], behaviour_, request, reply);
  }

  grpc::ServerWriteReactor<HelloReply>* LotsOfReplies(CallbackServerContext* context,
                                                      const HelloRequest* request) override {
    return new Replies(context, &counts["LotsOfReplies"], behaviour_, request);
  }

  grpc::ServerBidiReactor<HelloRequest, HelloReply>* BidiHello(CallbackServerContext* context) override {
    return new Conversation(context, &counts["BidiHello"], behaviour_, Pattern::kBidi);
  }

  // By method; all of them are there from the start, so that calls only look them up.
  std::map<std::string, Counts> counts = [] {
    std::map<std::string, Counts> all;
    for (auto name : {"SayHello", "SayHelloAgain", "LotsOfReplies", "LotsOfGreetings", "BidiHello"}) all[name];
    return all;
  }();

 private:
  // Its place in the service.
  static constexpr int kLotsOfGreetings = 3;

  Behaviour* behaviour_;
};

// Gives out the counts of all methods.
class Reference final : public bench_runner::reference::v1::Reference::CallbackService {
 public:
  explicit Reference(Greeter* greeter) : greeter_(greeter) {}

  grpc::ServerUnaryReactor* GetCounters(CallbackServerContext* context,
                                        const bench_runner::reference::v1::GetCountersRequest*,
                                        bench_runner::reference::v1::Counters* counters) override {
    for (const auto& [name, counts] : greeter_->counts) {
      auto& method = (*counters->mutable_methods())[name];
      method.set_calls(counts.calls);
      method.set_ok(counts.ok);
      method.set_requests(counts.requests);
      method.set_replies(counts.replies);
      method.set_request_bytes(counts.request_bytes);
      method.set_reply_bytes(counts.reply_bytes);
    }
    auto* reactor = context->DefaultReactor();
    reactor->Finish(Status::OK);
    return reactor;
  }

 private:
  Greeter* greeter_;
};

std::string set_up(int argc, char** argv, Behaviour* behaviour) {
  std::map<std::string, std::string> options = {
      {"--listen", "127.0.0.1:0"}, {"--delay-ns", "0"},      {"--error-share", "0"},
      {"--error-code", "UNAVAILABLE"}, {"--error-delay-ns", ""},
      {"--require", ""}};
  for (int at = 0; at < argc; at += 2) {
    if (options.count(argv[at]) == 0 || at + 1 == argc) {
      throw std::invalid_argument(std::string(argv[at]) + " is no option of the server, or has no value");
    }
    options[argv[at]] = argv[at + 1];
    // The one that there may be several of.
    if (std::string(argv[at]) == "--require") behaviour->required.add(argv[at + 1]);
  }
  behaviour->delay = std::chrono::nanoseconds(std::stoll(options["--delay-ns"]));
  behaviour->error_share = std::stod(options["--error-share"]);
  const auto code = status_named(options["--error-code"]);
  if (!code) throw std::invalid_argument(options["--error-code"] + " is no status code");
  behaviour->error_code = *code;
  const auto& own = options["--error-delay-ns"];
  behaviour->error_delay = own.empty() ? behaviour->delay : std::chrono::nanoseconds(std::stoll(own));
  return options["--listen"];
}

sigset_t stopping() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void wait_for_the_end() {
  const sigset_t signals = stopping();
  pollfd sources[] = {{STDIN_FILENO, POLLIN, 0}, {signalfd(-1, &signals, SFD_CLOEXEC), POLLIN, 0}};
  char ignored[4096];
  while (poll(sources, 2, -1) >= 0) {
    if (sources[1].revents != 0) return;
    if (sources[0].revents != 0 && read(STDIN_FILENO, ignored, sizeof ignored) <= 0) return;
  }
}

}  // namespace

void serve(int argc, char** argv) {
  // Before there are threads, so that all of them leave the signals to the one that waits for them.
  const sigset_t signals = stopping();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Behaviour behaviour;
  const std::string listen = set_up(argc, argv, &behaviour);
  Greeter greeter(&behaviour);
  Reference reference(&greeter);
  grpc::EnableDefaultHealthCheckService(true);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(&greeter);
  builder.RegisterService(&reference);
  const auto server = builder.BuildAndStart();
  if (server == nullptr || port == 0) throw std::runtime_error("cannot listen on " + listen);
  std::cout << "http://" << listen.substr(0, listen.rfind(':')) << ":" << port << std::endl;
  wait_for_the_end();
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
}
