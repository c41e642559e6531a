package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"grpc-go/helloworld"
)

// Work is what one call sends, made once, and what a right answer is.
type Work struct {
	call                   func(context.Context, helloworld.GreeterClient, *Call) error
	first, further         *helloworld.HelloRequest
	firstSize, furtherSize int
	requests               int
	replies                uint32
	replySize              int
}

// Call is one call and what came of it. Times are since the start.
type Call struct {
	load                           *Load
	intended, started, first, done time.Duration
	sent, received                 int
	sentBytes, receivedBytes       int
	// Not the answer that was asked for, in length or count.
	wrong  bool
	status codes.Code
	// Cut off at the end of the drain.
	unfinished bool
}

func newWork(c *Case) (*Work, error) {
	name := strings.Repeat("n", c.Request.NameBytes)
	shape := &helloworld.ReplyShape{Size: &c.Reply.Size}
	work := &Work{
		first:     &helloworld.HelloRequest{Name: name, Reply: shape},
		further:   &helloworld.HelloRequest{Name: name},
		requests:  1,
		replies:   1,
		replySize: int(c.Reply.Size),
	}
	switch c.Method {
	case "SayHello":
		work.call = work.unary(helloworld.GreeterClient.SayHello)
	case "SayHelloAgain":
		work.call = work.unary(helloworld.GreeterClient.SayHelloAgain)
	case "LotsOfReplies":
		work.call, work.replies = work.lotsOfReplies, c.Reply.Messages
		if c.Reply.Messages != 1 {
			shape.Messages = &c.Reply.Messages
		}
	case "LotsOfGreetings":
		work.call, work.requests = work.lotsOfGreetings, c.Request.Messages
	case "BidiHello":
		work.call, work.requests, work.replies = work.independent, c.Request.Messages, uint32(c.Request.Messages)
		if c.Bidi == "ping_pong" {
			work.call = work.pingPong
		}
		work.further.Reply = &helloworld.ReplyShape{Size: &c.Reply.Size}
	default:
		return nil, fmt.Errorf("%q is no method of the Greeter", c.Method)
	}
	work.firstSize, work.furtherSize = proto.Size(work.first), proto.Size(work.further)
	return work, nil
}

type unaryMethod = func(helloworld.GreeterClient, context.Context, *helloworld.HelloRequest, ...grpc.CallOption) (*helloworld.HelloReply, error)

func (w *Work) unary(method unaryMethod) func(context.Context, helloworld.GreeterClient, *Call) error {
	return func(ctx context.Context, stub helloworld.GreeterClient, call *Call) error {
		call.sends(w, 0)
		reply, err := method(stub, ctx, w.first)
		if err == nil {
			call.receives(w, reply)
		}
		return err
	}
}

func (w *Work) lotsOfReplies(ctx context.Context, stub helloworld.GreeterClient, call *Call) error {
	call.sends(w, 0)
	stream, err := stub.LotsOfReplies(ctx, w.first)
	if err != nil {
		return err
	}
	return w.receiveAll(call, stream.Recv)
}

func (w *Work) lotsOfGreetings(ctx context.Context, stub helloworld.GreeterClient, call *Call) error {
	stream, err := stub.LotsOfGreetings(ctx)
	if err != nil {
		return err
	}
	w.sendAll(call, stream.Send)
	reply, err := stream.CloseAndRecv()
	if err == nil {
		call.receives(w, reply)
	}
	return err
}

// pingPong sends the next request when the last has been answered.
func (w *Work) pingPong(ctx context.Context, stub helloworld.GreeterClient, call *Call) error {
	stream, err := stub.BidiHello(ctx)
	if err != nil {
		return err
	}
	for index := range w.requests {
		// What went wrong is told by the status, which is received.
		if stream.Send(w.message(index)) != nil {
			break
		}
		call.sends(w, index)
		reply, err := stream.Recv()
		if err != nil {
			return ended(err)
		}
		call.receives(w, reply)
	}
	_ = stream.CloseSend()
	return w.receiveAll(call, stream.Recv)
}

// independent sends and receives at the same time.
func (w *Work) independent(ctx context.Context, stub helloworld.GreeterClient, call *Call) error {
	stream, err := stub.BidiHello(ctx)
	if err != nil {
		return err
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		w.sendAll(call, stream.Send)
		_ = stream.CloseSend()
	}()
	err = w.receiveAll(call, stream.Recv)
	<-sent
	return err
}

func (w *Work) message(index int) *helloworld.HelloRequest {
	if index == 0 {
		return w.first
	}
	return w.further
}

// sendAll sends all requests, or those before the call ended.
func (w *Work) sendAll(call *Call, send func(*helloworld.HelloRequest) error) {
	for index := range w.requests {
		if send(w.message(index)) != nil {
			return
		}
		call.sends(w, index)
	}
}

func (w *Work) receiveAll(call *Call, receive func() (*helloworld.HelloReply, error)) error {
	for {
		reply, err := receive()
		if err != nil {
			return ended(err)
		}
		call.receives(w, reply)
	}
}

// ended is nil for the end of a stream with status OK.
func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func (c *Call) sends(w *Work, index int) {
	c.sent++
	if index == 0 {
		c.sentBytes += w.firstSize
	} else {
		c.sentBytes += w.furtherSize
	}
}

func (c *Call) receives(w *Work, reply *helloworld.HelloReply) {
	if c.received == 0 {
		c.first = c.load.now()
	}
	c.received++
	c.receivedBytes += proto.Size(reply)
	if len(reply.Message) != w.replySize {
		c.wrong = true
	}
}

// end takes the status, and holds the answer against what was asked for.
func (c *Call) end(err error) {
	c.done = c.load.now()
	c.status = status.Code(err)
	c.unfinished = err != nil && c.load.ctx.Err() != nil
	c.wrong = c.wrong || c.received != int(c.load.work.replies)
}
