package main

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"grpc-go/helloworld"
)

// The longest reply that is made; a larger one could take the machine's memory with one request.
const maxSize = 256 << 20

// What replies are cut from: a string's part costs nothing.
var filler = strings.Repeat("x", 1<<20)

// Shape is how one call is answered, as its first request asks for.
type Shape struct {
	first *helloworld.HelloRequest
	asked *helloworld.ReplyShape
	// Replies of a stream that answers after all.
	replies uint32
	// Of a bidirectional stream: one reply to so many requests; 0 answers after all.
	every uint32
	// Of a stream of requests: the only reply goes after the first of them.
	afterFirst bool
}

func invalid(what string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, what, args...)
}

// shapeOf reads the first request of a call, or nil where there was none.
func shapeOf(first *helloworld.HelloRequest) (*Shape, error) {
	asked := first.GetReply()
	shape := &Shape{first: first, asked: asked, replies: 1}
	if asked == nil {
		return shape, nil
	}
	if asked.Messages != nil {
		shape.replies = *asked.Messages
	}
	if asked.StatusCode > uint32(codes.Unauthenticated) {
		return nil, invalid("reply.status_code is %d, expected 0 to 16", asked.StatusCode)
	}
	for key, value := range asked.Trailers {
		if strings.HasPrefix(key, "grpc-") || key == "te" || key == "content-type" || key == "" {
			return nil, invalid("reply.trailers has `%s: %s`, which is no metadata", key, value)
		}
	}
	return shape, nil
}

// anyWhen is for methods with one request.
func anyWhen(*Shape) error { return nil }

// greetings is when a stream of requests with one reply is answered.
func (s *Shape) greetings() error {
	switch when := s.asked.GetWhen(); when {
	case helloworld.When_WHEN_DEFAULT, helloworld.When_WHEN_AFTER_ALL:
		return nil
	case helloworld.When_WHEN_AFTER_FIRST:
		s.afterFirst = true
		return nil
	default:
		return invalid("reply.when is %v, which this method does not offer", when)
	}
}

// bidi is when a bidirectional stream is answered.
func (s *Shape) bidi() error {
	switch when := s.asked.GetWhen(); when {
	case helloworld.When_WHEN_DEFAULT, helloworld.When_WHEN_EACH:
		s.every = 1
		return nil
	case helloworld.When_WHEN_AFTER_ALL:
		return nil
	case helloworld.When_WHEN_EVERY:
		s.every = s.asked.GetEvery()
		if s.every == 0 {
			return invalid("reply.when is WHEN_EVERY, so reply.every must be positive")
		}
		return nil
	default:
		return invalid("reply.when is %v, which this method does not offer", when)
	}
}

// reply answers a request: in its own size, that of the first, or by name.
func (s *Shape) reply(request *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	size := s.asked.GetSize()
	switch {
	case request.GetReply() != nil && request.Reply.Size != nil:
		size = *request.Reply.Size
	case s.asked == nil || s.asked.Size == nil:
		return &helloworld.HelloReply{Message: "Hello, " + request.GetName() + "!"}, nil
	}
	if size > maxSize {
		return nil, invalid("reply.size is %d, at most %d is served", size, maxSize)
	}
	if int(size) > len(filler) {
		return &helloworld.HelloReply{Message: strings.Repeat("x", int(size))}, nil
	}
	return &helloworld.HelloReply{Message: filler[:size]}, nil
}

func (s *Shape) code() codes.Code {
	return codes.Code(s.asked.GetStatusCode())
}

func (s *Shape) trailers() metadata.MD {
	return metadata.New(s.asked.GetTrailers())
}
