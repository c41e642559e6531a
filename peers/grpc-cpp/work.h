#pragma once

#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "helloworld.pb.h"

// What one call sends, made once, and what a right answer is.
struct Work {
  explicit Work(const nlohmann::json& given) {
    const std::string method_name = given.at("method");
    const std::string name(given.at("request").at("name_bytes").get<size_t>(), 'n');
    const uint32_t sent = given.at("request").at("messages"), asked = given.at("reply").at("messages");
    reply_size = given.at("reply").at("size");
    first.set_name(name);
    first.mutable_reply()->set_size(reply_size);
    further.set_name(name);
    if (method_name == "SayHello") {
      method = kSayHello;
    } else if (method_name == "SayHelloAgain") {
      method = kSayHelloAgain;
    } else if (method_name == "LotsOfReplies") {
      method = kLotsOfReplies;
      replies = asked;
      if (asked != 1) first.mutable_reply()->set_messages(asked);
    } else if (method_name == "LotsOfGreetings") {
      method = kLotsOfGreetings;
      requests = sent;
    } else if (method_name == "BidiHello") {
      method = kBidiHello;
      requests = replies = sent;
      is_ping_pong = given.value("bidi", "") == "ping_pong";
      further.mutable_reply()->set_size(reply_size);
    } else {
      throw std::invalid_argument(method_name + " is no method of the Greeter");
    }
    first_size = first.ByteSizeLong();
    further_size = further.ByteSizeLong();
  }

  enum Method { kSayHello, kSayHelloAgain, kLotsOfReplies, kLotsOfGreetings, kBidiHello };

  Method method;
  bool is_ping_pong = false;
  uint32_t requests = 1, replies = 1, reply_size;
  helloworld::HelloRequest first, further;
  size_t first_size, further_size;
};
