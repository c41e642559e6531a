#pragma once

#include <string>

#include <grpcpp/support/status.h>

#include "helloworld.pb.h"

enum class Pattern { kOneRequest, kGreetings, kBidi };

// How one call is answered, as its first request asks for.
class Shape {
 public:
  // Reads it off the first request; what is wrong with it is the status.
  grpc::Status read(const helloworld::HelloRequest& first, Pattern pattern) {
    first_name_ = first.name();
    asked_ = first.reply();
    replies_ = asked_.has_messages() ? asked_.messages() : 1;
    if (asked_.status_code() > 16) {
      return invalid("reply.status_code is " + std::to_string(asked_.status_code()) + ", expected 0 to 16");
    }
    for (const auto& [key, value] : asked_.trailers()) {
      if (key.rfind("grpc-", 0) == 0 || key == "te" || key == "content-type" || key.empty()) {
        return invalid("reply.trailers has `" + key + ": " + value + "`, which is no metadata");
      }
    }
    return rule(pattern);
  }

  // The reply to a request: in its own size, in that of the first, or by name.
  grpc::Status reply(const std::string& name, const helloworld::ReplyShape& own, helloworld::HelloReply* reply) const {
    if (!own.has_size() && !asked_.has_size()) {
      reply->set_message("Hello, " + name + "!");
      return grpc::Status::OK;
    }
    const uint32_t size = own.has_size() ? own.size() : asked_.size();
    if (size > kMaxSize) {
      return invalid("reply.size is " + std::to_string(size) + ", at most " + std::to_string(kMaxSize) + " is served");
    }
    reply->mutable_message()->assign(size, 'x');
    return grpc::Status::OK;
  }

  grpc::Status reply_to_first(helloworld::HelloReply* reply) const {
    return this->reply(first_name_, asked_, reply);
  }

  // Replies of a stream that answers after all.
  uint32_t replies() const { return replies_; }
  // Of a bidirectional stream: one reply to so many requests; 0 answers after all.
  uint32_t every() const { return every_; }
  // Of a stream with one reply: it follows the first request; what comes from there on is read, and that is all.
  bool answers_only_first() const { return answers_only_first_; }
  void answer_no_more() {
    answers_only_first_ = false;
    every_ = replies_ = 0;
  }
  bool headers_at_once() const { return asked_.headers_at_once(); }
  bool fails() const { return asked_.status_code() != 0; }
  grpc::Status end() const {
    return {static_cast<grpc::StatusCode>(asked_.status_code()), fails() ? asked_.status_message() : ""};
  }

  template <class Context>
  void add_trailers(Context* context) const {
    for (const auto& [key, value] : asked_.trailers()) context->AddTrailingMetadata(key, value);
  }

 private:
  // The longest reply that is made; a larger one could take the machine's memory with one request.
  static constexpr uint32_t kMaxSize = 256 << 20;

  static grpc::Status invalid(const std::string& what) { return {grpc::StatusCode::INVALID_ARGUMENT, what}; }

  grpc::Status rule(Pattern pattern) {
    using helloworld::When;
    const When when = asked_.when();
    if (pattern == Pattern::kOneRequest) return grpc::Status::OK;
    if (pattern == Pattern::kGreetings) {
      // One reply; none where the call fails.
      replies_ = fails() ? 0 : 1;
      if (when == When::WHEN_DEFAULT || when == When::WHEN_AFTER_ALL) return grpc::Status::OK;
      if (when == When::WHEN_AFTER_FIRST) {
        answers_only_first_ = !fails();
        every_ = fails() ? 0 : 1;
        return grpc::Status::OK;
      }
    } else if (when == When::WHEN_AFTER_ALL) {
      return grpc::Status::OK;
    } else if (when == When::WHEN_DEFAULT || when == When::WHEN_EACH) {
      every_ = 1;
      return grpc::Status::OK;
    } else if (when == When::WHEN_EVERY) {
      every_ = asked_.every();
      if (every_ > 0) return grpc::Status::OK;
      return invalid("reply.when is WHEN_EVERY, so reply.every must be positive");
    }
    return invalid("reply.when is " + helloworld::When_Name(when) + ", which this method does not offer");
  }

  std::string first_name_;
  helloworld::ReplyShape asked_;
  uint32_t replies_ = 1;
  uint32_t every_ = 0;
  bool answers_only_first_ = false;
};
